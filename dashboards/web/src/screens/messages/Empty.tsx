// Why the list is empty, and the next step: nothing was captured yet, nothing lies in this range, or nothing matches.
import { useQueries, useQuery } from "@tanstack/react-query";
import { captureQuery } from "@/api/shared";
import { usePreferences, useRefresh } from "@/app/preferences";
import { withoutCondition } from "@/model/conditions";
import { conditions } from "@/model/lucene";
import { shown } from "@/model/names";
import { plural, total } from "@/model/numbers";
import { rangeSaid } from "@/model/range";
import { fromMs, parts, toMs } from "@/model/time";
import { Button } from "@/parts/Button";
import { Asking, Failed, Nothing } from "@/parts/Nothing";
import { NothingCaptured } from "@/parts/NothingCaptured";
import { type Asked, firstQuery, textOf } from "./asks";
import css from "./Messages.module.css";

const AROUND_MS = 5 * 60_000;
const CONDITIONS_MAX = 6;

export type Changed = { q?: string | undefined; since?: string | undefined; until?: string | undefined };
type Props = { asked: Asked; gaps: number; onChange: (changed: Changed) => void };

export function Empty({ asked, gaps, onChange }: Props) {
  const { zone } = usePreferences();
  const { data: anything, error, refetch } = useQuery(firstQuery("", "-published_at", true));
  const inRange = useQuery(firstQuery(textOf({ ...asked, q: "" }), "-published_at", Boolean(asked.since ?? asked.until))).data;
  if (!anything) return error ? <Failed error={error} again={() => void refetch()} /> : <Asking />;
  if (anything.total === 0) return <NothingYet />;
  const why = gaps > 0 ? `Capture has ${plural(gaps, "gap")} in this time: what happened in there is not known.` : undefined;
  if (inRange?.total === 0) {
    return (
      <Nothing what={`No message was captured in this range: ${rangeSaid(asked.since, asked.until, zone)}.`} why={why ?? <Oldest until={asked.until} />}>
        <Nearest asked={{ ...asked, q: "" }} onChange={onChange} />
      </Nothing>
    );
  }
  return (
    <div>
      <Nothing what="No message matches." why={why ?? (inRange ? `${total(inRange.total, inRange.totalIs)} lie in this range.` : `${total(anything.total, anything.totalIs)} are kept.`)}>
        {asked.since ?? asked.until ? <Nearest asked={asked} onChange={onChange} /> : null}
        <Button onClick={() => onChange({ q: undefined })}>Show all in this range</Button>
      </Nothing>
      <Lighter asked={asked} onChange={onChange} />
    </div>
  );
}

/** That the range lies before all that is kept, if it does: nothing there was captured, whatever happened. */
function Oldest({ until }: { until: string | undefined }) {
  const { zone } = usePreferences();
  const oldest = useQuery(firstQuery("", "published_at", until !== undefined)).data?.at;
  if (!oldest || !until || !(toMs(until) < toMs(oldest))) return "No gap of capture is known in it.";
  const { date, clock } = parts(oldest, zone, 0);
  return `What is kept begins at ${date} ${clock}. What happened before is not known.`;
}

function NothingYet() {
  const { data } = useQuery(captureQuery(useRefresh()));
  return data ? <NothingCaptured capture={data} /> : <Asking />;
}

/** The matches nearest to the range, before and behind it. */
function Nearest({ asked, onChange }: Omit<Props, "gaps">) {
  const { zone } = usePreferences();
  const { since, until, q } = asked;
  const before = useQuery(firstQuery(textOf({ q, since: undefined, until: since }), "-published_at", Boolean(since))).data;
  const behind = useQuery(firstQuery(textOf({ q, since: until, until: undefined }), "published_at", Boolean(until))).data;
  const show = (at: string) => onChange({ since: fromMs(Math.floor(toMs(at)) - AROUND_MS), until: fromMs(Math.ceil(toMs(at)) + AROUND_MS) });
  const said = (at: string) => `${parts(at, zone, 0).date} ${parts(at, zone, 0).clock}`;
  return (
    <>
      {before?.at ? <Button onClick={() => show(before.at ?? "")}>Nearest before: {said(before.at)}</Button> : null}
      {behind?.at ? <Button onClick={() => show(behind.at ?? "")}>Nearest after: {said(behind.at)}</Button> : null}
      <Button onClick={() => onChange({ since: undefined, until: undefined })}>All that is kept</Button>
    </>
  );
}

/** How many match when one of the conditions is left out. */
function Lighter({ asked, onChange }: Omit<Props, "gaps">) {
  const known = (conditions(asked.q) ?? []).slice(0, CONDITIONS_MAX);
  const without = known.length > 1 ? known.map((each, at) => ({ text: asked.q.slice(each.from, each.to), q: withoutCondition(asked.q, at) })) : [];
  const found = useQueries({ queries: without.map((each) => firstQuery(textOf({ ...asked, q: each.q }), "-published_at", true)) });
  if (without.length === 0) return null;
  return (
    <ul className={css.lighter}>
      {without.map((each, at) => (
        <li key={each.text} hidden={found[at]?.data?.total === 0}>
          <button type="button" className={css.link} onClick={() => onChange({ q: each.q })}>
            without <code>{shown(each.text)}</code>
          </button>{" "}
          <span className="quiet">{found[at]?.data ? plural(found[at].data.total, "message").replace(/^/, found[at].data.totalIs === "exact" ? "" : "at least ") : "…"}</span>
        </li>
      ))}
    </ul>
  );
}

