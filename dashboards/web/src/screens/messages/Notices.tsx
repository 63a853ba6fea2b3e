// What is told between the histogram and the list: what is new, what was missed, and what the list rests on.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { captureQuery } from "@/api/shared";
import { useNow } from "@/app/now";
import { usePreferences, useRefresh } from "@/app/preferences";
import { completeUpTo } from "@/model/capture";
import { count, plural, total } from "@/model/numbers";
import { fromMs, parts, span, toMs } from "@/model/time";
import { CompleteUpTo } from "@/parts/CompleteUpTo";
import { State } from "@/parts/State";
import css from "./Messages.module.css";

type NewProps = { waiting: number; basis: "exact" | "at_least"; onShow: () => void };

/** That messages came which the list does not show yet. */
export function New({ waiting, basis, onShow }: NewProps) {
  if (waiting === 0) return null;
  return (
    <button type="button" className={css.show} onClick={onShow}>
      {total(waiting, basis)} new, show
    </button>
  );
}

export function Behind({ at }: { at: number }) {
  const { zone } = usePreferences();
  return (
    <p className={css.notice} role="status">
      More came than this page could take; at {parts(fromMs(at), zone, 0).clock} the list was asked anew from the log, so that nothing is missing in it.
    </p>
  );
}

type MissedProps = { gaps: readonly { why: string }[]; missedMs: number; since: string | undefined; until: string | undefined };

/** That there are times in the range that were not captured. */
export function Missed({ gaps, missedMs, since, until }: MissedProps) {
  if (gaps.length === 0) return null;
  const why = [...new Set(gaps.map((gap) => gap.why))];
  return (
    <p className={css.notice}>
      <State state="not-captured" /> {plural(gaps.length, "gap")} in this range, {span(missedMs)} in all ({why.slice(0, 2).join("; ")}
      {why.length > 2 ? `; and ${count(why.length - 2)} other reasons` : ""}). What happened then is not known.{" "}
      <Link to="/capture" search={{ since, until }}>
        Capture
      </Link>
    </p>
  );
}

/** That capture is behind or over, where the range goes beyond what it has seen. */
export function Incomplete({ until }: { until: string | undefined }) {
  const { data } = useQuery(captureQuery(useRefresh()));
  const now = useNow();
  const complete = data ? completeUpTo(data, now) : null;
  if (!complete || (until !== undefined && toMs(until) <= toMs(complete.at))) return null;
  return (
    <p className={css.notice}>
      <CompleteUpTo {...complete} />
    </p>
  );
}
