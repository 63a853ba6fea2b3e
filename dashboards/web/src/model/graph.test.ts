import { expect, test } from "vitest";
import { around, busiest, filtered, vhostsOf, withoutBuiltIns } from "./graph";
import { edge, node, SHOP } from "./made-graph";

const ids = (graph: { nodes: readonly { id: string }[] }) => graph.nodes.map((each) => each.id);

test("exchanges that every vhost has are left out while nothing uses them, and counted", () => {
  const { graph, left } = withoutBuiltIns(SHOP);
  expect(left).toBe(1);
  expect(ids(graph)).not.toContain("exchange:/:amq.topic");
});

test("a built-in exchange on an edge stays", () => {
  const graph = { nodes: SHOP.nodes, edges: [edge("service:web", "exchange:/:amq.topic", "publish")] };
  expect(withoutBuiltIns(graph).left).toBe(0);
});

test("only what was seen leaves out what is declared and not used", () => {
  expect(ids(filtered(SHOP, { used: true }))).not.toContain("queue:/:unused");
  expect(filtered(SHOP, { used: true }).edges.every((each) => each.observed)).toBe(true);
});

test("hiding what is idle leaves edges with a message in the last minute, and their ends", () => {
  const busy = filtered(SHOP, { busy: true });
  expect(busy.edges.every((each) => (each.rate_per_s ?? 0) > 0)).toBe(true);
  expect(ids(busy)).toContain("queue:/:bills");
  expect(ids(busy)).not.toContain("queue:/:unused");
});

test("a vhost leaves its own nodes, and the services at them", () => {
  const graph = { nodes: [...SHOP.nodes, node("queue:other:q"), node("service:alone")], edges: [...SHOP.edges, edge("queue:other:q", "service:web", "deliver")] };
  expect(ids(filtered(graph, { vhost: "other" })).toSorted()).toEqual(["queue:other:q", "service:web"]);
  expect(vhostsOf(graph)).toEqual(["/", "other"]);
});

test("the busiest service has the most messages a second at its edges", () => {
  expect(busiest(SHOP)).toBe("service:web");
  expect(busiest({ nodes: [], edges: [] })).toBeUndefined();
});

test("around a node is what leads to it and what it leads to, not what only shares a neighbour with it", () => {
  const graph = { nodes: ["service:a", "service:b", "exchange:/:x", "queue:/:q", "service:c"].map((id) => node(id)), edges: [edge("service:a", "exchange:/:x", "publish"), edge("service:b", "exchange:/:x", "publish"), edge("exchange:/:x", "queue:/:q", "binding"), edge("queue:/:q", "service:c", "deliver")] };
  expect(ids(around(graph, "service:a", 3))).toEqual(["service:a", "exchange:/:x", "queue:/:q", "service:c"]);
  expect(ids(around(graph, "service:a", 1))).toEqual(["service:a", "exchange:/:x"]);
  expect(ids(around(graph, "queue:/:q", 2))).toEqual(["service:a", "service:b", "exchange:/:x", "queue:/:q", "service:c"]);
});

test("a wider neighbourhood holds every narrower one", () => {
  for (let hops = 1; hops < 6; hops += 1) {
    const wider = new Set(ids(around(SHOP, "queue:/:bills", hops + 1)));
    expect(ids(around(SHOP, "queue:/:bills", hops)).every((id) => wider.has(id))).toBe(true);
  }
});
