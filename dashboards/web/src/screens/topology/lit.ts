// What lights up with what is pointed at or chosen: its edges, and the nodes at their other ends. Pure.
import type { Edge } from "@/model/graph";
import type { Chosen } from "./search";

export type Lit = { nodes: ReadonlySet<string>; edges: ReadonlySet<string> };

/** Return what *all* are connected to; a node that is not drawn as connected lights itself alone. */
export function litBy(edges: readonly (Pick<Edge, "from" | "to"> & { key: string })[], ...all: Chosen[]): Lit {
  const lit = { nodes: new Set<string>(), edges: new Set<string>() };
  for (const { node, edge: key } of all) {
    if (node === undefined && key === undefined) continue;
    if (node !== undefined) lit.nodes.add(node);
    for (const edge of edges) {
      if (edge.key !== key && edge.from !== node && edge.to !== node) continue;
      lit.edges.add(edge.key);
      lit.nodes.add(edge.from).add(edge.to);
    }
  }
  return lit;
}
