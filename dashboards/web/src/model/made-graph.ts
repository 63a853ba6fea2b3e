// Nodes and edges of a topology for tests: what is not said is as usual.
import type { Edge, Node } from "./graph";

export function node(id: string, more: Partial<Node> = {}): Node {
  const [kind = "", first = "", ...rest] = id.split(":");
  return {
    id, kind,
    vhost: kind === "service" ? "" : first,
    name: kind === "service" ? [first, ...rest].join(":") : rest.join(":"),
    declared: kind !== "service", observed: true, first_seen: null, last_seen: null, attributes: {}, role: null, main: null, role_evidence: [],
    ...more,
  };
}

export function edge(from: string, to: string, kind: string, more: Partial<Edge> = {}): Edge {
  return {
    from, to, kind,
    declared: kind !== "publish", observed: true, messages: 10, reason: null, binding_keys: [], rate_per_s: 1, first_seen: null, last_seen: null,
    deliveries: 10, failures: null, failures_per_s: null, failures_by: {},
    ...more,
  };
}

/** A shop: a queue with a retry queue behind an exchange of its own, and a parking queue. */
export const SHOP = {
  nodes: [
    node("service:web"), node("service:billing"), node("exchange:/:orders"), node("exchange:/:amq.topic", { observed: false }),
    node("queue:/:bills"), node("exchange:/:bills.dead"), node("queue:/:bills.retry", { role: "retry", main: "queue:/:bills" }),
    node("queue:/:bills.parked", { role: "parking", main: "queue:/:bills" }), node("queue:/:unused", { observed: false }),
  ],
  edges: [
    edge("service:web", "exchange:/:orders", "publish", { rate_per_s: 5, messages: 100, failures: 10, failures_per_s: 1 }),
    edge("exchange:/:orders", "queue:/:bills", "binding", { rate_per_s: 5, binding_keys: ["new"] }),
    edge("exchange:/:orders", "queue:/:unused", "binding", { observed: false, messages: 0, rate_per_s: null }),
    edge("queue:/:bills", "service:billing", "deliver", { rate_per_s: 5, failures: 3, failures_per_s: 0.5, deliveries: 30 }),
    edge("queue:/:bills", "exchange:/:bills.dead", "dead-letter", { reason: "rejected", rate_per_s: 0.5 }),
    edge("exchange:/:bills.dead", "queue:/:bills.retry", "binding"),
    edge("exchange:/:bills.dead", "queue:/:bills.parked", "binding"),
    edge("queue:/:bills.retry", "queue:/:bills", "dead-letter", { reason: "expired" }),
    edge("service:billing", "exchange:/:orders", "publish", { rate_per_s: 0, messages: 1 }),
  ],
};
