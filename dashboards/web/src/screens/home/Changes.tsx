// What changed lately in the system: declared, gone, seen for the first time.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { topologyQuery } from "@/api/shared";
import { useRefresh } from "@/app/preferences";
import { fromParam, shown, toParam } from "@/model/names";
import { Asking, Failed } from "@/parts/Nothing";
import { Section } from "@/parts/Page";
import { placeOf, worthTelling } from "./about";
import css from "./Home.module.css";
import { changesQuery } from "./queries";
import { When } from "./When";

const SHOWN_MAX = 14;
const SEEN_AS: Record<string, string> = { reconciliation: "found later, so it happened before", traffic: "by its messages", ledger: "", event: "" };

export function Changes() {
  const refresh = useRefresh();
  const { data, error, refetch } = useQuery(changesQuery(refresh));
  const { data: topology } = useQuery(topologyQuery(refresh));
  if (!data) return <Section title="What changed lately">{error ? <Failed error={error} again={() => void refetch()} /> : <Asking />}</Section>;
  const nodes = new Map((topology?.nodes ?? []).map((node) => [node.id, { id: node.id, kind: node.kind, vhost: toParam(node.vhost), name: toParam(node.name) }]));
  const told = worthTelling(data.items, SHOWN_MAX, (id) => (nodes.has(id) ? shown(fromParam(nodes.get(id)?.name ?? "")) : undefined));
  return (
    <Section title="What changed lately" facts="declared, gone, or seen for the first time">
      {told.length === 0 ? (
        <p className={css.fine}>Nothing since capture began.</p>
      ) : (
        <ul>
          {told.map(({ change, times, said }) => {
            const place = placeOf(change.about, nodes);
            return (
              <li key={`${change.at} ${change.kind} ${change.told}`} className={css.change}>
                <span>
                  {place ? (
                    <Link to={place.to} params={place.params ?? {}}>
                      {said}
                    </Link>
                  ) : (
                    said
                  )}
                  {times > 1 && said === change.told ? <span className="quiet"> × {times}</span> : null}
                  {SEEN_AS[change.seen_as] ? <span className="quiet"> ({SEEN_AS[change.seen_as]})</span> : null}
                </span>
                <When at={change.at} />
              </li>
            );
          })}
        </ul>
      )}
    </Section>
  );
}
