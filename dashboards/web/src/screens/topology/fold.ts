// Folds queues that serve another one (retry, delay, parking) under it, with the exchanges that only connect them; and merges parallel edges. Pure.
import { byId, type Edge, type Graph, type Node, edgeKey } from "@/model/graph";

export type ShownNode = Node & {
  /** What is folded under it. */
  folded: readonly Node[];
};
export type ShownEdge = Edge & {
  key: string;
  /** The edges as they were told, which this one stands for. */
  parts: readonly Edge[];
};
export type Shown = Graph<ShownNode, ShownEdge>;

/** Return for each folded queue its main one at the top; groups in *open* are not folded, nor what has no main queue in the graph. */
function mainOf(graph: Graph, open: ReadonlySet<string>): Map<string, string> {
  const known = byId(graph.nodes);
  const mains = new Map<string, string>();
  for (const node of graph.nodes) {
    let top = node;
    const passed = new Set([node.id]);
    while (top.role && top.main && known.has(top.main) && !passed.has(top.main)) {
      passed.add(top.main);
      top = known.get(top.main) ?? top;
    }
    const circular = top.role && top.main && passed.has(top.main);
    if (top !== node && !circular && !open.has(top.id)) mains.set(node.id, top.id);
  }
  return mains;
}

/** Add to *mains* the exchanges of which every edge begins and ends in one group, those from and to services excepted: those are never hidden. */
function addExchanges(graph: Graph, mains: Map<string, string>): void {
  const neighbours = new Map<string, string[]>();
  for (const edge of graph.edges) {
    neighbours.set(edge.from, [...(neighbours.get(edge.from) ?? []), edge.to]);
    neighbours.set(edge.to, [...(neighbours.get(edge.to) ?? []), edge.from]);
  }
  const tops = new Set(mains.values());
  const groupOf = (id: string) => mains.get(id) ?? (tops.has(id) ? id : undefined);
  for (const node of graph.nodes) {
    const others = neighbours.get(node.id);
    if (node.kind !== "exchange" || !others) continue;
    const groups = new Set(others.map(groupOf));
    const [group] = groups;
    if (groups.size === 1 && group !== undefined) mains.set(node.id, group);
  }
}

function plus(one: number | null, other: number | null): number | null {
  return one === null ? other : other === null ? one : one + other;
}

function later(one: string | null, other: string | null): string | null {
  return one === null || (other !== null && other > one) ? other : one;
}

function earlier(one: string | null, other: string | null): string | null {
  return one === null || (other !== null && other < one) ? other : one;
}

function joined(one: ShownEdge, other: Edge): ShownEdge {
  const failures_by: Edge["failures_by"] = { ...one.failures_by };
  for (const [what, number] of Object.entries(other.failures_by) as [keyof Edge["failures_by"], number][]) {
    failures_by[what] = (failures_by[what] ?? 0) + number;
  }
  return {
    ...one,
    declared: one.declared || other.declared,
    observed: one.observed || other.observed,
    messages: one.messages + other.messages,
    deliveries: one.deliveries + other.deliveries,
    reason: one.reason === other.reason ? one.reason : [one.reason, other.reason].filter((each) => each !== null).join(", "),
    binding_keys: [...one.binding_keys, ...other.binding_keys],
    rate_per_s: plus(one.rate_per_s, other.rate_per_s),
    failures: plus(one.failures, other.failures),
    failures_per_s: plus(one.failures_per_s, other.failures_per_s),
    failures_by,
    first_seen: earlier(one.first_seen, other.first_seen),
    last_seen: later(one.last_seen, other.last_seen),
    parts: [...one.parts, other],
  };
}

/** Return the graph to draw: groups folded except those whose main queue is in *open*, one edge per pair of ends and kind. */
export function folded(graph: Graph, open: ReadonlySet<string>): Shown {
  const mains = mainOf(graph, open);
  addExchanges(graph, mains);
  const under = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    const main = mains.get(node.id);
    if (main !== undefined) under.set(main, [...(under.get(main) ?? []), node]);
  }
  const edges = new Map<string, ShownEdge>();
  for (const edge of graph.edges) {
    const [from, to] = [mains.get(edge.from) ?? edge.from, mains.get(edge.to) ?? edge.to];
    if (from === to && (mains.has(edge.from) || mains.has(edge.to))) continue;
    const key = edgeKey({ from, to, kind: edge.kind });
    const known = edges.get(key);
    edges.set(key, known ? joined(known, edge) : { ...edge, from, to, key, parts: [edge] });
  }
  const nodes = graph.nodes.filter((node) => !mains.has(node.id)).map((node) => ({ ...node, folded: under.get(node.id) ?? [] }));
  return { nodes, edges: [...edges.values()] };
}

/** Return the main queues of which something can be folded. */
export function foldable(graph: Graph): Set<string> {
  return new Set(mainOf(graph, new Set()).values());
}

/** Return what is folded under a node in words: `retry, 2 parking`; exchanges between them are not told. */
export function foldedSaid(node: ShownNode): string {
  const counts = new Map<string, number>();
  for (const { role } of node.folded) if (role) counts.set(role, (counts.get(role) ?? 0) + 1);
  return [...counts].map(([role, number]) => (number === 1 ? role : `${number} ${role}`)).join(", ");
}
