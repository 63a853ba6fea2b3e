import { expect, test } from "vitest";
import { edge, node, SHOP } from "@/model/made-graph";
import { foldable, folded, foldedSaid } from "./fold";

const none = new Set<string>();
const shop = folded(SHOP, none);
const ids = shop.nodes.map((each) => each.id);

test("retry and parking queues stand under their main queue, with the exchange that only connects them", () => {
  const bills = shop.nodes.find((each) => each.id === "queue:/:bills");
  expect(bills?.folded.map((each) => each.id)).toEqual(["exchange:/:bills.dead", "queue:/:bills.retry", "queue:/:bills.parked"]);
  expect(ids).not.toContain("queue:/:bills.retry");
  expect(bills && foldedSaid(bills)).toBe("retry, parking");
});

test("edges within a group are not drawn, all others are", () => {
  expect(shop.edges.map((each) => each.key)).toEqual([
    "publish service:web → exchange:/:orders",
    "binding exchange:/:orders → queue:/:bills",
    "binding exchange:/:orders → queue:/:unused",
    "deliver queue:/:bills → service:billing",
    "publish service:billing → exchange:/:orders",
  ]);
});

test("an opened group is not folded", () => {
  expect(folded(SHOP, new Set(["queue:/:bills"])).nodes).toHaveLength(SHOP.nodes.length);
  expect([...foldable(SHOP)]).toEqual(["queue:/:bills"]);
});

test("an exchange that a service publishes to is never hidden", () => {
  const graph = { nodes: SHOP.nodes, edges: [...SHOP.edges, edge("service:web", "exchange:/:bills.dead", "publish")] };
  expect(folded(graph, none).nodes.map((each) => each.id)).toContain("exchange:/:bills.dead");
});

test("steps of a longer wait stand under the queue at their end", () => {
  const graph = {
    nodes: [node("queue:/:q"), node("queue:/:q.1", { role: "retry", main: "queue:/:q" }), node("queue:/:q.2", { role: "retry", main: "queue:/:q.1" })],
    edges: [],
  };
  expect(folded(graph, none).nodes.map((each) => [each.id, each.folded.length])).toEqual([["queue:/:q", 2]]);
});

test("queues that name each other as main are all shown", () => {
  const graph = { nodes: [node("queue:/:a", { role: "retry", main: "queue:/:b" }), node("queue:/:b", { role: "retry", main: "queue:/:a" })], edges: [] };
  expect(folded(graph, none).nodes.length).toBeGreaterThan(0);
});

test("a queue whose main queue is not in the graph stays", () => {
  expect(folded({ nodes: [node("queue:/:q.retry", { role: "retry", main: "queue:/:q" })], edges: [] }, none).nodes).toHaveLength(1);
});

test("edges of dead letters between two nodes are one line with the sum of their figures", () => {
  const graph = {
    nodes: [node("queue:/:q"), node("exchange:/:x")],
    edges: [
      edge("queue:/:q", "exchange:/:x", "dead-letter", { reason: "rejected", messages: 3, rate_per_s: null, last_seen: "2026-01-01T00:00:00Z" }),
      edge("queue:/:q", "exchange:/:x", "dead-letter", { reason: "expired", messages: 4, rate_per_s: 0.5, last_seen: "2026-01-02T00:00:00Z", declared: false }),
    ],
  };
  const [line, ...more] = folded(graph, none).edges;
  expect(more).toEqual([]);
  expect(line).toMatchObject({ messages: 7, rate_per_s: 0.5, reason: "rejected, expired", last_seen: "2026-01-02T00:00:00Z", declared: true });
});

test("folding keeps every message of the edges that are left", () => {
  const kept = shop.edges.flatMap((each) => each.parts);
  expect(shop.edges.reduce((sum, each) => sum + each.messages, 0)).toBe(kept.reduce((sum, each) => sum + each.messages, 0));
});
