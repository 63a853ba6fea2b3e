// The facts of the log behind a message, as they were observed: nothing in them is concluded.
import { useInfiniteQuery } from "@tanstack/react-query";
import { count, ofPlural } from "@/model/numbers";
import { span } from "@/model/time";
import { More } from "@/parts/More";
import { Asking, Failed } from "@/parts/Nothing";
import { Time } from "@/parts/Time";
import { JsonTree } from "@/parts/message/JsonTree";
import shared from "@/parts/message/Message.module.css";
import { factsQuery } from "./asks";
import css from "./Message.module.css";

const WORDS: Record<string, string> = {
  MessagePublished: "published", MessageDelivered: "delivered", MessageDeadLettered: "seen on a dead-letter exchange",
};

export function FactsTab({ uid }: { uid: string }) {
  const asked = useInfiniteQuery(factsQuery(uid));
  const { data, error, refetch, hasNextPage } = asked;
  if (!data) return error ? <Failed error={error} again={() => void refetch()} /> : <Asking />;
  const facts = data.pages.flatMap((page) => page.items);
  const whole = data.pages[0]?.total ?? 0;
  return (
    <>
      <p className={shared.tools}>
        {ofPlural(facts.length, whole, "exact", "fact")}, oldest first
        {!hasNextPage && facts.length < whole ? `; retention has removed ${count(whole - facts.length)}` : ""}
      </p>
      <ol>
        {facts.map((fact) => (
          <li key={fact.position} className={css.fact}>
            <div className={css.factHead}>
              <code>{fact.position}</code>
              <Time at={fact.observed_at} digits={6} />
              <strong>{WORDS[fact.kind] ?? fact.kind}</strong>
              <code className="quiet">{fact.kind}</code>
              <span className="quiet">{fact.lag_ms > 0 ? `up to ${span(fact.lag_ms)} in the tap before` : "as it happened"}</span>
            </div>
            <JsonTree value={fact.fact} label={`Fact ${fact.position}`} />
          </li>
        ))}
      </ol>
      <More of={asked} />
    </>
  );
}
