import { expect, test } from "vitest";
import { edge, SHOP } from "@/model/made-graph";
import { barOf, detailOf, drawnEdges, failingShare, LINES_MOST, loadsOf, NAME_APART, namedItems, NO_LOAD } from "./detail";
import { geometryFor, layout } from "./layout";
import { graphOf } from "./layout/measured";
import { litBy } from "./lit";
import { factorsOf, squeezed } from "./zoom";

const graph = graphOf(500);
const edges = graph.edges.map(({ from, to }, at) => {
  const fails = at % 50 === 3;
  return edge(from, to, from.startsWith("queue:") ? "deliver" : "publish", { rate_per_s: fails ? 0.02 : at % 7, messages: at, failures: fails ? 5 : 0, failures_per_s: fails ? 0.01 : 0 });
});
const whole = layout({ nodes: graph.nodes, edges }, geometryFor(1080));
const drawn = squeezed(whole, factorsOf(5, whole, 1080));
const loads = loadsOf(edges);
const named = namedItems(drawn, loads);

test("a node has name and figures at its usual height, its name at half of it, and is a bar when no text could be read", () => {
  expect([40, 34, 20, 16, 15, 2].map(detailOf)).toEqual(["full", "full", "name", "name", "bar", "bar"]);
});

test("names of one lane never touch each other", () => {
  const middles = drawn.items.filter((item) => named.has(item.key));
  const touching = middles.flatMap((one, at) => middles.slice(at + 1).filter((other) => other.lane === one.lane && Math.abs(one.y - other.y) < NAME_APART - 0.001));
  expect(touching).toEqual([]);
});

test("in each lane its busiest node is named, and the one that fails most", () => {
  for (const lane of [0, 1, 2, 3]) {
    const items = drawn.items.filter((item) => item.lane === lane);
    const most = (what: "rate" | "failures") => Math.max(...items.map((item) => loads.get(item.id)?.[what] ?? 0));
    for (const what of ["rate", "failures"] as const) {
      expect(items.some((item) => named.has(item.key) && loads.get(item.id)?.[what] === most(what))).toBe(true);
    }
  }
});

test("the larger the picture is drawn, the more names it has", () => {
  const larger = squeezed(whole, factorsOf(30, whole, 1080));
  expect(namedItems(larger, loads).size).toBeGreaterThan(named.size);
});

test("of many edges those that fail are drawn however quiet they are, then the busiest", () => {
  const kept = drawnEdges(drawn, edges);
  expect(kept.size).toBe(LINES_MOST);
  const failing = edges.flatMap((each, at) => (each.failures ? [at] : [])).filter((at) => drawn.lines.some((line) => line.edge === at));
  expect(failing.length).toBeGreaterThan(5);
  expect(failing.every((at) => kept.has(at))).toBe(true);
  const rates = (isKept: boolean) => drawn.lines.filter((line) => kept.has(line.edge) === isKept && !edges[line.edge]?.failures).map((line) => edges[line.edge]?.rate_per_s ?? 0);
  expect(Math.min(...rates(true))).toBeGreaterThanOrEqual(Math.max(...rates(false)));
});

test("of few edges all are drawn", () => {
  const shop = layout(SHOP);
  expect([...drawnEdges(shop, SHOP.edges)].toSorted()).toEqual(shop.lines.map((line) => line.edge).toSorted());
});

test("a node bears what goes through it, and the failures of that", () => {
  const shop = loadsOf(SHOP.edges);
  expect(shop.get("queue:/:bills")).toEqual({ rate: 11.5, failures: 0.5, counted: 5 });
  expect(shop.get("exchange:/:orders")).toEqual({ rate: 10, failures: 1, counted: 5 });
  expect(["queue:/:bills", "exchange:/:orders", "queue:/:unused"].map((id) => failingShare(shop.get(id) ?? NO_LOAD))).toEqual([0.1, 0.2, 0]);
});

test("a bar is longer for a busier node, and never nothing", () => {
  const bars = [0, 0.1, 1, 100, 1e9].map((rate) => barOf({ rate, failures: 0, counted: 0 }));
  expect(bars.toSorted((one, other) => one - other)).toEqual(bars);
  expect(bars[0]).toBeGreaterThan(0);
  expect(bars.at(-1)).toBe(1);
});

test("a node lights its edges and what is at their other ends, an edge both of its ends, and nothing lights nothing", () => {
  const keyed = SHOP.edges.map((each) => ({ ...each, key: `${each.from} ${each.to}` }));
  expect([...litBy(keyed, { node: "queue:/:unused" }).nodes]).toEqual(["queue:/:unused", "exchange:/:orders"]);
  const byEdge = litBy(keyed, { edge: "queue:/:bills service:billing" });
  expect([...byEdge.nodes]).toEqual(["queue:/:bills", "service:billing"]);
  expect(litBy(keyed, {}, {}).nodes.size).toBe(0);
});
