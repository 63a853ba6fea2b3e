// The state of capture in one honest sentence. Pure.
import { plural } from "./numbers";
import { shown, type Text } from "./names";
import { fromMs, parts, span, toMs, type Zone } from "./time";

export type Gap = { vhost: Text; node: Text; why: string; since: string; until: string | null };
export type Lost = { since: string; why: string };
type Capture = { running: boolean; caught_up: boolean; lag_s: number; events: number; vhosts: readonly unknown[]; gaps: readonly Gap[]; last_observed_at: string | null; lost: Lost | null };

export type Sentence = { text: string; bad: boolean };

const DAY_MS = 86_400_000;
/** A lag below this is what every message takes from the broker to the page. */
const LAG_S_MIN = 0.1;

/** Return the gaps that touch the day before *now* (ms), the newest first. */
export function gapsToday(gaps: readonly Gap[], now: number): Gap[] {
  return gaps.filter((gap) => gap.until === null || toMs(gap.until) > now - DAY_MS).toSorted((one, other) => toMs(other.since) - toMs(one.since));
}

/** Return where a gap was: `everywhere`, `in vhost b`, `on node rabbit@a`. */
export function gapWhere(gap: Gap): string {
  const told = [gap.vhost === "" ? "" : `in vhost ${shown(gap.vhost)}`, gap.node === "" ? "" : `on node ${shown(gap.node)}`];
  return told.filter(Boolean).join(" ") || "everywhere";
}

/** Return what the top bar says of capture at *now* (ms). */
export function captureSentence(capture: Capture, now: number, zone: Zone): Sentence {
  const gaps = gapsToday(capture.gaps, now);
  const open = gaps.find((gap) => gap.until === null);
  const today = parts(fromMs(now), zone, 0).date;
  // A time of day alone would be one of today.
  const clock = (time: string) => {
    const told = parts(time, zone, 0);
    return told.date === today ? told.clock : `${told.date} ${told.clock}`;
  };
  if (capture.lost) return { text: `nothing captured since ${clock(capture.lost.since)}`, bad: true };
  if (!capture.running) {
    if (capture.events === 0) return { text: "nothing captured yet", bad: true };
    return { text: `not capturing${capture.last_observed_at ? ` since ${clock(capture.last_observed_at)}` : ""}`, bad: true };
  }
  if (open) return { text: `not captured since ${clock(open.since)} ${gapWhere(open)}`, bad: true };
  const where = capture.vhosts.length > 1 ? ` ${plural(capture.vhosts.length, "vhost")}` : "";
  const lag = capture.caught_up || capture.lag_s < LAG_S_MIN ? "up to date" : `${span(capture.lag_s * 1000)} behind`;
  const newest = gaps[0];
  const missed = newest?.until ? `not captured ${clock(newest.since)}–${clock(newest.until)} ${gapWhere(newest)}` : "no gap today";
  const more = gaps.length > 1 ? ` and ${plural(gaps.length - 1, "more gap")} today` : "";
  return { text: `capturing${where}, ${lag}, ${missed}${more}`, bad: gaps.length > 0 };
}

/** Being behind for less than this is told by the top bar alone. */
const BEHIND_S_MIN = 1;

/** Up to when all that was captured is known, and why not up to now. */
export type Complete = { at: string; why: string };

/** Return up to when what is shown is complete; null when that is *now* (ms), or when nothing was ever captured. */
export function completeUpTo(capture: Pick<Capture, "running" | "caught_up" | "lag_s" | "last_observed_at" | "lost">, now: number): Complete | null {
  if (capture.last_observed_at === null) return null;
  if (capture.lost) return { at: capture.lost.since, why: `nothing was captured since then (${shown(capture.lost.why)})` };
  if (!capture.running) return { at: capture.last_observed_at, why: "nothing is captured now" };
  if (capture.caught_up || capture.lag_s < BEHIND_S_MIN) return null;
  return { at: fromMs(now - capture.lag_s * 1000), why: `capture is ${span(capture.lag_s * 1000)} behind` };
}
