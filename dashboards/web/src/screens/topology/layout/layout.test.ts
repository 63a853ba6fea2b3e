// Laws of the four-lane layout, over many generated graphs.
import { describe, expect, test } from "vitest";
import { type Drawable, type Layout, geometryFor, layout } from "./index";
import { idOf } from "./model";
import { crossings } from "./order";
import { apart } from "./place";

/** Return numbers from 0 to 1, always the same for the same seed (a linear congruential generator). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export function generated(seed: number, size: number): Drawable {
  const next = numbers(seed);
  const pick = (ids: readonly string[]) => ids[Math.floor(next() * ids.length)] ?? "";
  const make = (kind: string, share: number) => Array.from({ length: Math.ceil(size * share) }, (_, at) => `${kind}:${at}`);
  const [services, exchanges, queues] = [make("service", 0.4), make("exchange", 0.2), make("queue", 0.4)];
  const edges = [
    ...services.map((from) => ({ from, to: pick(exchanges) })),
    ...queues.map((to) => ({ from: pick(exchanges), to })),
    ...queues.map((from) => ({ from, to: pick(services) })),
    ...queues.slice(0, size / 10).map((from) => ({ from, to: pick(exchanges) })),
    ...queues.slice(0, size / 10).map((from) => ({ from, to: pick(queues) })),
    ...exchanges.slice(0, size / 10).map((from) => ({ from, to: pick(exchanges) })),
  ];
  return { nodes: [...services, ...exchanges, ...queues].map((id) => ({ id, kind: id.split(":")[0] ?? "" })), edges };
}

const seeds = Array.from({ length: 25 }, (_, at) => [at + 1, 4 + at * 3] as const);

function overlapping(laid: Layout): number {
  const pairs = laid.items.flatMap((one, at) => laid.items.slice(at + 1).map((other) => [one, other] as const));
  return pairs.filter(([one, other]) => one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height).length;
}

describe.each(seeds)("graph %i with about %i nodes", (seed, size) => {
  const graph = generated(seed, size);
  const laid = layout(graph);

  test("every node stands once in each lane it belongs to", () => {
    const wanted = graph.nodes.flatMap(({ id, kind }) => {
      if (kind !== "service") return [`${kind === "exchange" ? 1 : 2} ${id}`];
      const [gives, gets] = [graph.edges.some((edge) => edge.from === id), graph.edges.some((edge) => edge.to === id)];
      return [...(gives || !gets ? [`0 ${id}`] : []), ...(gets ? [`3 ${id}`] : [])];
    });
    expect(laid.items.map((item) => item.key).toSorted()).toEqual(wanted.toSorted());
  });

  test("no two nodes overlap, and all are within the picture", () => {
    expect(overlapping(laid)).toBe(0);
    for (const item of laid.items) {
      expect(item.x >= 0 && item.y >= 0 && item.x + item.width <= laid.width && item.y + item.height <= laid.height).toBe(true);
    }
  });

  test("every edge between two different nodes has one line, from its one end to its other", () => {
    const wanted = graph.edges.flatMap((edge, at) => (edge.from === edge.to ? [] : [[at, edge.from, edge.to]]));
    expect(laid.lines.map((line) => [line.edge, idOf(line.from), idOf(line.to)])).toEqual(wanted);
  });

  test("the same graph in another order of its nodes gives the same places", () => {
    const turned = layout({ nodes: graph.nodes.toReversed(), edges: graph.edges });
    expect(turned.items.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual(laid.items.toSorted((a, b) => (a.key < b.key ? -1 : 1)));
  });

  test("what was there keeps its order when a node is added", () => {
    const more = { nodes: [{ id: "queue:new", kind: "queue" }, ...graph.nodes], edges: [...graph.edges, { from: graph.nodes[0]?.id ?? "", to: "queue:new" }] };
    const after = layout(more, undefined, laid.order);
    const known = new Set(laid.items.map((item) => item.key));
    expect(after.order.map((lane) => lane.filter((key) => known.has(key)))).toEqual(laid.order);
    expect(overlapping(after)).toBe(0);
  });
});

test("an unconnected graph beside another does not change its order", () => {
  const one = generated(3, 30);
  const other = { nodes: [{ id: "queue:alone", kind: "queue" }], edges: [] };
  const both = layout({ nodes: [...one.nodes, ...other.nodes], edges: one.edges });
  expect(both.order.map((lane) => lane.filter((key) => idOf(key) !== "queue:alone"))).toEqual(layout(one).order);
});

test("sweeps find an order without crossings where there is one", () => {
  const pairs = Array.from({ length: 12 }, (_, at) => [`service:${at}`, `exchange:${(at * 7) % 12}`] as const);
  const nodes = pairs.flatMap(([from, to]) => [{ id: from, kind: "service" }, { id: to, kind: "exchange" }]);
  const laid = layout({ nodes: [...nodes, { id: "queue:q", kind: "queue" }], edges: [...pairs.map(([from, to]) => ({ from, to })), ...pairs.map(([, to]) => ({ from: to, to: "queue:q" }))] });
  const ends = pairs.map(([from, to]) => ({ from: `0 ${from}`, to: `1 ${to}` }));
  expect(crossings(laid.order[0], laid.order[1], ends)).toBe(0);
});

test("crossings are counted as one by one", () => {
  const next = numbers(5);
  const left = Array.from({ length: 9 }, (_, at) => `l${at}`);
  const right = Array.from({ length: 7 }, (_, at) => `r${at}`);
  const ends = Array.from({ length: 40 }, () => ({ from: `l${Math.floor(next() * 9)}`, to: `r${Math.floor(next() * 7)}` }));
  const crossing = (a: (typeof ends)[number], b: (typeof ends)[number]) => (left.indexOf(a.from) - left.indexOf(b.from)) * (right.indexOf(a.to) - right.indexOf(b.to)) < 0;
  const wanted = ends.flatMap((a, at) => ends.slice(at + 1).filter((b) => crossing(a, b))).length;
  expect(crossings(left, right, ends)).toBe(wanted);
});

test("places are as near to what is wanted as the distance lets them", () => {
  expect(apart([0, 0, 100], 10)).toEqual([-5, 5, 100]);
  expect(apart([30, 10, 20], 10)).toEqual([10, 20, 30]);
  expect(apart([], 10)).toEqual([]);
});

test("an empty graph has an empty picture", () => {
  expect(layout({ nodes: [], edges: [] }).items).toEqual([]);
});

test("a picture is as wide as it is wanted, and never too narrow to read", () => {
  expect(layout(generated(1, 10), geometryFor(1000)).width).toBeGreaterThan(990);
  expect(layout(generated(1, 10), geometryFor(1000)).width).toBeLessThanOrEqual(1000);
  expect(layout(generated(1, 10), geometryFor(10)).width).toBeGreaterThan(700);
});

test("500 nodes are laid out within a moment", () => {
  const graph = generated(1, 500);
  const start = performance.now();
  layout(graph);
  // The figure itself is measured by a benchmark; this holds only that it does not grow out of hand on a busy machine.
  expect(performance.now() - start).toBeLessThan(2000);
});
