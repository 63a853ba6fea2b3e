// How many messages a second go through each node, by the edges at it. Pure.
import type { Schemas } from "@/api/client";

/** Messages per second; null where nothing is known of the edges. */
export type Through = { into: number | null; out: number | null };

export const NOT_KNOWN: Through = { into: null, out: null };
const NONE: Through = { into: 0, out: 0 };
const OUT: ReadonlySet<string> = new Set(["publish", "deliver"]);

/** Return by a node's id the sum of the rates of its edges in, and of those on which it gives; of an id without edges both are 0. */
export function throughOf(edges: readonly Pick<Schemas["EdgeOut"], "from" | "to" | "kind" | "rate_per_s">[]): (id: string | undefined) => Through {
  const found = new Map<string, { into: number; out: number }>();
  const of = (id: string) => {
    const known = found.get(id) ?? { into: 0, out: 0 };
    found.set(id, known);
    return known;
  };
  for (const edge of edges) {
    of(edge.to).into += edge.rate_per_s ?? 0;
    if (OUT.has(edge.kind)) of(edge.from).out += edge.rate_per_s ?? 0;
  }
  return (id) => found.get(id ?? "") ?? NONE;
}
