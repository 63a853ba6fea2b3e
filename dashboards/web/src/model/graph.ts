// The topology as a graph: what of it is shown, by filters and around a focus. Pure.
import type { Schemas } from "@/api/client";
import { toParam } from "./names";

export type Node = Schemas["NodeOut"];
export type Edge = Schemas["EdgeOut"];
export type Graph<N extends Node = Node, E extends Edge = Edge> = { nodes: readonly N[]; edges: readonly E[] };

export type Filters = {
  /** Only this vhost, as {@link toParam} writes it; services have none of their own. */
  vhost?: string;
  /** Leave out what is declared and was never used. */
  used?: boolean;
  /** Leave out edges without a message in the last minute. */
  busy?: boolean;
};

/** Return the nodes by their ids. */
export function byId<N extends Node>(nodes: readonly N[]): Map<string, N> {
  return new Map(nodes.map((node) => [node.id, node]));
}

/** Return whether *node* is one of the exchanges that every vhost has, on no edge at all. */
function isIdleBuiltIn(node: Node, connected: ReadonlySet<string>): boolean {
  if (node.kind !== "exchange" || connected.has(node.id)) return false;
  return node.name === "" || (typeof node.name === "string" && node.name.startsWith("amq."));
}

function ends(edges: readonly Edge[]): Set<string> {
  return new Set(edges.flatMap((edge) => [edge.from, edge.to]));
}

/** Return the graph without the exchanges that every vhost has and nothing uses, and how many those are. */
export function withoutBuiltIns(graph: Graph): { graph: Graph; left: number } {
  const connected = ends(graph.edges);
  const nodes = graph.nodes.filter((node) => !isIdleBuiltIn(node, connected));
  return { graph: { nodes, edges: graph.edges }, left: graph.nodes.length - nodes.length };
}

/** Return what *filters* leave of the graph. A node stays when it passes itself, and a service or a filtered-out node only by its edges. */
export function filtered(graph: Graph, filters: Filters): Graph {
  const { vhost, used, busy } = filters;
  const known = byId(graph.nodes);
  const inVhost = (id: string) => {
    const node = known.get(id);
    return node?.kind === "service" || vhost === undefined || (node !== undefined && toParam(node.vhost) === vhost);
  };
  const edges = graph.edges.filter(
    (edge) => inVhost(edge.from) && inVhost(edge.to) && (!used || edge.observed) && (!busy || (edge.rate_per_s ?? 0) > 0),
  );
  const connected = ends(edges);
  const nodes = graph.nodes.filter((node) => {
    if (connected.has(node.id)) return true;
    if (busy || !inVhost(node.id)) return false;
    if (node.kind === "service" && vhost !== undefined) return false;
    return !used || node.observed;
  });
  return { nodes, edges };
}

/** Return the ids of the vhosts in the graph, as {@link toParam} writes them, sorted. */
export function vhostsOf(graph: Graph): string[] {
  return [...new Set(graph.nodes.filter((node) => node.kind !== "service").map((node) => toParam(node.vhost)))].toSorted();
}

/** Return the service with the most messages a second at its edges; of equal ones that with the most messages. */
export function busiest(graph: Graph): string | undefined {
  const load = new Map<string, [number, number]>();
  for (const edge of graph.edges) {
    for (const id of [edge.from, edge.to]) {
      if (!id.startsWith("service:")) continue;
      const [rate, messages] = load.get(id) ?? [0, 0];
      load.set(id, [rate + (edge.rate_per_s ?? 0), messages + edge.messages]);
    }
  }
  const order = [...load].toSorted(([idA, a], [idB, b]) => b[0] - a[0] || b[1] - a[1] || (idA < idB ? -1 : 1));
  return order[0]?.[0];
}

function reached(start: string, hops: number, next: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set([start]);
  let front = [start];
  for (let hop = 0; hop < hops && front.length > 0; hop += 1) {
    front = front.flatMap((id) => next.get(id) ?? []).filter((id) => {
      const isNew = !found.has(id);
      found.add(id);
      return isNew;
    });
  }
  return found;
}

function grouped(pairs: readonly (readonly [string, string])[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [key, value] of pairs) {
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}

/** Return what leads to *focus* and what it leads to, within *hops* steps each way, and the edges between all these. */
export function around<N extends Node, E extends Edge>(graph: Graph<N, E>, focus: string, hops: number): Graph<N, E> {
  const ahead = reached(focus, hops, grouped(graph.edges.map((edge) => [edge.from, edge.to])));
  const back = reached(focus, hops, grouped(graph.edges.map((edge) => [edge.to, edge.from])));
  const within = (id: string) => ahead.has(id) || back.has(id);
  return {
    nodes: graph.nodes.filter((node) => within(node.id)),
    edges: graph.edges.filter((edge) => within(edge.from) && within(edge.to)),
  };
}

/** Return the name under which an edge stands in the address: its ends and its kind; those of dead letters are one for all their reasons. */
export function edgeKey(edge: Pick<Edge, "from" | "to" | "kind">): string {
  return `${edge.kind} ${edge.from} → ${edge.to}`;
}
