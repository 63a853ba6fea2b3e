// The lines of the list: messages, and between them the times that were not captured.
import { toMs } from "@/model/time";
import type { Row } from "./rows";
import type { SortName } from "./search";

export type Gap = { gap: string; since: string; until: string | null; why: string; vhost: unknown; node: unknown };
export type Entry = { kind: "row"; row: Row } | { kind: "gap"; gap: Gap };

/** Return *rows* with each gap where its time is. Rows by another order than time have none between them.
 *
 * A gap that lies beyond the last row is told only when there are no more rows, as *complete* says.
 */
export function entriesOf(rows: readonly Row[], gaps: readonly Gap[], sort: SortName, complete: boolean): Entry[] {
  const entries: Entry[] = [];
  if (sort !== "-published_at" && sort !== "published_at") return rows.map((row) => ({ kind: "row", row }));
  const down = sort === "-published_at";
  const edge = (gap: Gap) => (down ? (gap.until === null ? Number.POSITIVE_INFINITY : toMs(gap.until)) : toMs(gap.since));
  const waiting = gaps.toSorted((one, other) => (down ? edge(other) - edge(one) : edge(one) - edge(other)));
  let next = 0;
  for (const row of waiting.length === 0 ? [] : rows) {
    const at = toMs(row.at);
    for (let gap = waiting[next]; gap && (down ? edge(gap) >= at : edge(gap) <= at); gap = waiting[next]) {
      entries.push({ kind: "gap", gap });
      next += 1;
    }
    entries.push({ kind: "row", row });
  }
  if (waiting.length === 0) return rows.map((row) => ({ kind: "row", row }));
  if (complete && rows.length > 0) entries.push(...waiting.slice(next).map((gap): Entry => ({ kind: "gap", gap })));
  return entries;
}

/** Return how long gaps last in all between *since* and *until* (ms), none counted twice. */
export function missedMs(gaps: readonly { since: string; until: string | null }[], since: number, until: number): number {
  let [sum, reached] = [0, since];
  for (const gap of gaps.toSorted((one, other) => toMs(one.since) - toMs(other.since))) {
    const low = Math.max(toMs(gap.since), reached);
    const high = Math.min(gap.until === null ? until : toMs(gap.until), until);
    if (high <= low) continue;
    sum += high - low;
    reached = high;
  }
  return sum;
}
