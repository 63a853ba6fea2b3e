import { expect, test } from "vitest";
import { edge, node, SHOP } from "@/model/made-graph";
import { layout } from "./layout";
import { type Arrow, linesOn, moved, stopKey } from "./moving";

const graph = {
  nodes: ["service:a", "service:b", "exchange:/:x", "queue:/:q", "queue:/:alone"].map((id) => node(id)),
  edges: [edge("service:a", "exchange:/:x", "publish"), edge("service:b", "exchange:/:x", "publish"), edge("exchange:/:x", "queue:/:q", "binding"), edge("queue:/:q", "service:a", "deliver")],
};
const laid = layout(graph);
const walk = (from: string, ...arrows: Arrow[]) => stopKey(arrows.reduce<Parameters<typeof moved>[1]>((at, arrow) => moved(laid, at, arrow), { item: from }));

test("down and up move within a lane, and stop at its ends", () => {
  expect(walk("0 service:a", "ArrowDown")).toBe("0 service:b");
  expect(walk("0 service:a", "ArrowDown", "ArrowDown")).toBe("0 service:b");
  expect(walk("0 service:b", "ArrowUp")).toBe("0 service:a");
  expect(walk("0 service:a", "End")).toBe("0 service:b");
});

test("right goes onto an edge and along it to its other end", () => {
  expect(walk("0 service:a", "ArrowRight")).toBe("line 0");
  expect(walk("0 service:a", "ArrowRight", "ArrowRight")).toBe("1 exchange:/:x");
  expect(walk("0 service:a", "ArrowRight", "ArrowLeft")).toBe("0 service:a");
});

test("left goes back against an edge, and up and down choose among the edges at one side", () => {
  const lines = linesOn(laid, "1 exchange:/:x", false).map((line) => line.edge);
  expect(lines).toHaveLength(2);
  expect(walk("1 exchange:/:x", "ArrowLeft", "ArrowDown")).toBe(`line ${lines[1]}`);
  expect(walk("1 exchange:/:x", "ArrowLeft", "ArrowDown", "ArrowLeft")).toBe(`0 ${graph.edges[lines[1] ?? 0]?.from}`);
});

test("from a node without edges left and right lead to the nearest node of the next lane", () => {
  expect(walk("2 queue:/:alone", "ArrowLeft")).toBe("1 exchange:/:x");
});

test("every node of a connected picture can be reached from the first by arrows", () => {
  const shop = layout(SHOP);
  const found = new Set<string>();
  const ahead: Parameters<typeof moved>[1][] = [{ item: shop.items[0]?.key ?? "" }];
  for (let at = ahead.pop(); at; at = ahead.pop()) {
    const name = `${stopKey(at)} ${"anchor" in at ? at.anchor : ""}`;
    if (found.has(name)) continue;
    found.add(name);
    for (const arrow of ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"] as const) ahead.push(moved(shop, at, arrow));
  }
  expect(shop.items.every((item) => found.has(`${item.key} `))).toBe(true);
});
