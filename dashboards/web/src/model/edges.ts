// What is said of an edge or a node of the topology: used, declared only, or gone; how much goes there, and how much of it fails. Pure.
import type { Edge, Graph, Node } from "./graph";
import { exchangeName, shown } from "./names";
import { count, rate, short } from "./numbers";

/** `used`: seen; `unused`: declared, never seen; `gone`: seen, and no longer declared. */
export type Use = "used" | "unused" | "gone";

export const USE_SAID: Record<Use, string> = {
  used: "used",
  unused: "declared, not used",
  gone: "seen, no longer declared",
};

/** Return whether the broker told of what is declared; without that, nothing is known to be gone. */
export function knowsDeclared(graph: Graph): boolean {
  return graph.nodes.some((node) => node.declared);
}

export function edgeUse(edge: Edge, declaredKnown: boolean): Use {
  if (!edge.observed) return "unused";
  // Nobody declares that a service publishes; the broker says so of everything else.
  return edge.declared || edge.kind === "publish" || !declaredKnown ? "used" : "gone";
}

export function nodeUse(node: Node, declaredKnown: boolean): Use {
  if (!node.observed) return "unused";
  return node.declared || node.kind === "service" || !declaredKnown ? "used" : "gone";
}

export function nodeName(node: Pick<Node, "kind" | "name">): string {
  return node.kind === "exchange" ? exchangeName(node.name) : shown(node.name);
}

const VERBS: Record<string, string> = {
  publish: "publishes to",
  binding: "routes to",
  deliver: "delivers to",
  "dead-letter": "dead-letters to",
  "exchange-binding": "routes to",
  alternate: "hands what it cannot route to",
};

/** Return what an edge does, with the reasons of dead letters: `publishes to`, `dead-letters to (rejected)`. */
export function edgeVerb({ kind, reason }: Pick<Edge, "kind" | "reason">): string {
  return `${VERBS[kind] ?? kind}${reason ? ` (${reason})` : ""}`;
}

/** Return an edge as a sentence without its end: `billing publishes to orders`. */
export function edgeSaid(edge: Pick<Edge, "from" | "to" | "kind">, nodes: ReadonlyMap<string, Node>): string {
  const name = (id: string) => {
    const node = nodes.get(id);
    return node ? nodeName(node) : shown(id);
  };
  return `${name(edge.from)} ${edgeVerb({ kind: edge.kind, reason: null })} ${name(edge.to)}`;
}

/** What of an edge failed: the share of it, 0 to 1, and whether that is of the last minute or, since nothing moved in it, of all. */
export type Failing = { share: number; now: boolean };

/** Return what of an edge fails; null where it is not counted. */
export function failing(edge: Edge): Failing | null {
  if (edge.failures === null) return null;
  if (edge.rate_per_s && edge.rate_per_s > 0 && edge.failures_per_s !== null) return { share: Math.min(1, edge.failures_per_s / edge.rate_per_s), now: true };
  const seen = edge.kind === "deliver" ? edge.deliveries : edge.messages;
  return { share: seen > 0 ? Math.min(1, edge.failures / seen) : 0, now: false };
}

/** Return a share in percent: `0 %`, `0.4 %`, `12 %`. */
export function percent(share: number): string {
  return `${short(share * 100 < 10 ? Number((share * 100).toPrecision(2)) : Math.min(Math.round(share * 100), share < 1 ? 99 : 100))} %`;
}

/** Return the failures of an edge: `3`, `10, 20 % now`, `10, 4 % of all`; "" where they are not counted. */
export function failuresSaid(edge: Edge): string {
  const found = failing(edge);
  if (edge.failures === null || !found) return "";
  return `${count(edge.failures)}${found.share > 0 ? `, ${percent(found.share)} ${found.now ? "now" : "of all"}` : ""}`;
}

/** Return the figures of an edge in words. */
export function figuresSaid(edge: Edge, declaredKnown: boolean): string {
  const use = edgeUse(edge, declaredKnown);
  if (use === "unused") return USE_SAID.unused;
  const told = [`${rate(edge.rate_per_s)} in the last minute`, `${count(edge.messages)} messages in all`];
  if (edge.failures) told.push(`failed ${failuresSaid(edge)}`);
  if (use === "gone") told.push(USE_SAID.gone);
  return told.join(", ");
}
