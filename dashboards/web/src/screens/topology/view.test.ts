import { expect, test } from "vitest";
import { parseSearch, stringifySearch } from "@/app/search";
import { edge, node, SHOP } from "@/model/made-graph";
import { opened, toOpen, topologySearch } from "./search";
import { compared, viewOf } from "./view";

const big = {
  nodes: Array.from({ length: 80 }, (_, at) => [node(`service:s${at}`), node(`exchange:/:x${at}`)]).flat(),
  edges: Array.from({ length: 80 }, (_, at) => edge(`service:s${at}`, `exchange:/:x${at}`, "publish", { rate_per_s: at })),
};

test("a small topology is shown whole", () => {
  const view = viewOf(SHOP, {});
  expect(view.focus).toBeUndefined();
  expect(view.shown.nodes.length + view.foldedCount + view.builtIns).toBe(SHOP.nodes.length);
});

test("a large topology starts around its busiest service, unless all of it is asked for", () => {
  expect(viewOf(big, {})).toMatchObject({ focus: "service:s79", chosenFocus: true });
  expect(viewOf(big, {}).shown.nodes).toHaveLength(2);
  expect(viewOf(big, { focus: "all" }).shown.nodes).toHaveLength(160);
});

test("a focus that the filters leave out is said, and nothing is shown in its place", () => {
  const view = viewOf(SHOP, { focus: "queue:/:unused", used: true });
  expect(view.focusGone).toBe(true);
  expect(view.shown.nodes).toEqual([]);
});

test("everything in the address comes back from it", () => {
  const search = topologySearch({ view: "table", focus: "queue:/:a b", hops: "4", used: "1", open: toOpen(new Set(["queue:/:a b", "queue:/:c%"])) ?? "", scale: "50", at: "2026-01-02T00:00:00Z" });
  const back = topologySearch(parseSearch(stringifySearch(search)));
  expect(back).toEqual(search);
  expect([...opened(back.open)]).toEqual(["queue:/:a b", "queue:/:c%"]);
});

test("what an address cannot ask for counts as absent", () => {
  expect(topologySearch({ view: "evil", hops: "99", scale: "1", used: "yes" })).toEqual(topologySearch({}));
});

test("a comparison marks what has appeared since, and what is gone", () => {
  const then = { nodes: SHOP.nodes, edges: SHOP.edges };
  const now = { nodes: [...SHOP.nodes.slice(1), node("queue:/:new")], edges: [...SHOP.edges.slice(1), edge("exchange:/:orders", "queue:/:new", "binding")] };
  const { graph, nodes, edges } = compared(then, now);
  expect([...nodes]).toEqual([["service:web", "gone"], ["queue:/:new", "appeared"]]);
  expect([...edges]).toEqual([["publish service:web → exchange:/:orders", "gone"], ["binding exchange:/:orders → queue:/:new", "appeared"]]);
  expect(graph.nodes).toHaveLength(SHOP.nodes.length + 1);
});

const dead = (reason: string) => edge("queue:/:orders", "exchange:/:dlx", "dead-letter", { reason });

test("an edge of which something is left is neither gone nor new", () => {
  const { edges } = compared({ nodes: [], edges: [dead("rejected"), dead("expired")] }, { nodes: [], edges: [dead("rejected"), dead("maxlen")] });
  expect([...edges]).toEqual([]);
});

test("what is damaged in an address opens nothing", () => expect([...opened("% queue%3A%2F%3Aa")]).toEqual(["queue:/:a"]));
