// What the messages of a group have in common and in what they differ, over those that are loaded.
import { useMemo } from "react";
import type { Schemas } from "@/api/client";
import { alike, type Alike } from "@/model/alike";
import { count, ofPlural } from "@/model/numbers";
import { MessagesLink } from "@/parts/links";
import { Section } from "@/parts/Page";
import css from "./DeadLetters.module.css";

export function AlikeView({ messages, total }: { messages: readonly Schemas["MessageOut"][]; total: number }) {
  const found = useMemo(() => alike(messages), [messages]);
  const over = `over ${ofPlural(found.of, total, "exact", "message")}${found.of < total ? ", the newest" : ""}`;
  return (
    <>
      <Section title="What they have in common" facts={over}>
        <table className={css.pairs}>
          <caption className="unseen">What they have in common</caption>
          <thead className="unseen">
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {found.same.map((each) => (
              <tr key={each.what}>
                <th scope="row">{each.what}</th>
                <td>
                  <Asked query={each.query}>{each.value || "(empty)"}</Asked>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Section>
      <Section title="In what they differ" facts={over}>
        <Differences found={found} />
      </Section>
    </>
  );
}

function Differences({ found }: { found: Alike }) {
  return (
    <>
      {found.differs.length === 0 ? <p className="quiet">In nothing that has few values.</p> : null}
      <table className={css.pairs}>
        <caption className="unseen">In what they differ</caption>
        <thead className="unseen">
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Values</th>
          </tr>
        </thead>
        <tbody>
          {found.differs.map((each) => (
            <tr key={each.what}>
              <th scope="row">{each.what}</th>
              <td>
                {each.values.map((value) => (
                  <div key={value.value}>
                    <Asked query={value.query}>{value.value || "(empty)"}</Asked> <span className={css.share}>{count(value.count)}</span>
                  </div>
                ))}
                {each.more > 0 ? <div className="quiet">{count(each.more)} more values</div> : null}
                {each.missing > 0 ? <div className="quiet">{count(each.missing)} have none</div> : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.each.length > 0 ? <p className={css.tools}>Each has its own: {found.each.join(", ")}</p> : null}
    </>
  );
}

function Asked({ query, children }: { query: string | null; children: string }) {
  return query === null ? children : <MessagesLink q={query}>{children}</MessagesLink>;
}
