// The gaps of capture on a line of time, a row for each place that missed something. Pure.
import { gapWhere } from "@/model/capture";
import { shown, type Text } from "@/model/names";
import { count } from "@/model/numbers";
import { toMs } from "@/model/time";

type Gap = { gap: string; vhost: Text; node: Text; why: string; since: string; until: string | null; estimated: number };
export type Piece = { gap: Gap; left: number; width: number };
export type Row = { where: string; pieces: Piece[] };

/** The narrowest that a gap is drawn, as a share of the line, so that a short one can be seen. */
const WIDTH_MIN = 0.004;

/** Return the rows of the line from *begin* to *end* (ms); *left* and *width* are shares of it. Gaps beside it are left out. */
export function timeline(gaps: readonly Gap[], begin: number, end: number): Row[] {
  const rows = new Map<string, Row>();
  const span = Math.max(end - begin, 1);
  for (const gap of gaps) {
    const [from, to] = [Math.max(toMs(gap.since), begin), Math.min(gap.until === null ? end : toMs(gap.until), end)];
    if (to < begin || from > end) continue;
    const where = gapWhere(gap);
    const row = rows.get(where) ?? { where, pieces: [] };
    const width = Math.max((to - from) / span, WIDTH_MIN);
    row.pieces.push({ gap, width, left: Math.min((from - begin) / span, 1 - width) });
    rows.set(where, row);
  }
  return [...rows.values()].toSorted((one, other) => one.where.localeCompare(other.where));
}

/** Return how many events a gap may have missed, in words. */
export function missed(estimated: number): string {
  if (estimated < 0) return "not known";
  return estimated === 0 ? "none" : `about ${count(estimated)}`;
}

/** Return the mode of a vhost's tap in words. */
export function tapSaid(mode: unknown): string {
  const [way = "", queueType = ""] = typeof mode === "string" ? mode.split(", ") : [];
  const what = { firehose: "every publish and delivery", publishes: "publishes only", exchanges: "chosen exchanges" }[way];
  return what ? `${what}, over a ${queueType} queue` : shown(typeof mode === "string" ? mode : "not known");
}
