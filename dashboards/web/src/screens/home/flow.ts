// What flows now: the rates of the last minutes, from counts by time, and the busiest edges of the topology. Pure.
import type { Text } from "@/model/names";
import { STATES, type State } from "@/model/state";
import { toMs } from "@/model/time";

type Bucket = { since: string; until: string; count: number; parts: Record<string, number> | null };
export type Bar = { since: string; until: string; count: number; parts: { state: State; count: number }[] };

/** Return the bars of a histogram by state, the states in their fixed order. */
export function bars(buckets: readonly Bucket[]): Bar[] {
  return buckets.map((bucket) => ({
    since: bucket.since,
    until: bucket.until,
    count: bucket.count,
    parts: STATES.flatMap((state) => {
      const found = bucket.parts?.[state] ?? 0;
      return found ? [{ state, count: found }] : [];
    }),
  }));
}

/** Return the highest of some bars, the latest of equal ones; undefined when all are empty. */
export function highest<B extends { count: number }>(all: readonly B[]): B | undefined {
  return all.reduce<B | undefined>((most, bar) => (bar.count > 0 && bar.count >= (most?.count ?? 0) ? bar : most), undefined);
}

/** Return published messages per second over the last *minutes*, without the newest bucket, which is not over yet; null without any. */
export function recentRate(buckets: readonly Bucket[], minutes: number): number | null {
  const over = buckets.slice(0, -1);
  const end = over.at(-1)?.until;
  if (!end) return null;
  const counted = over.filter((bucket) => toMs(bucket.since) >= toMs(end) - minutes * 60_000);
  const first = counted[0];
  if (!first) return null;
  const seconds = (toMs(end) - toMs(first.since)) / 1000;
  return seconds > 0 ? counted.reduce((sum, bucket) => sum + bucket.count, 0) / seconds : null;
}

type Node = { id: string; kind: string; vhost: Text; name: Text };
type Edge = { from: string; to: string; kind: string; messages: number; rate_per_s: number | null; failures_per_s?: number | null; last_seen: string | null };
export type BusyEdge<E extends Edge, N extends Node> = { edge: E; from: N; to: N };

const FLOWS = new Set(["publish", "deliver", "dead-letter"]);

/** Return the *most* edges with the highest rate, those without traffic left out. */
export function busiest<E extends Edge, N extends Node>(nodes: readonly N[], edges: readonly E[], most: number): BusyEdge<E, N>[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return edges
    .filter((edge) => FLOWS.has(edge.kind) && (edge.rate_per_s ?? 0) > 0)
    .flatMap((edge) => {
      const [from, to] = [byId.get(edge.from), byId.get(edge.to)];
      return from && to ? [{ edge, from, to }] : [];
    })
    .toSorted((one, other) => (other.edge.rate_per_s ?? 0) - (one.edge.rate_per_s ?? 0) || other.edge.messages - one.edge.messages)
    .slice(0, most);
}
