import { expect, test } from "vitest";
import { SHOP } from "@/model/made-graph";
import { layout } from "./layout";
import { labelsOf, widthOf } from "./look";

test("a line is wider for a higher rate, within bounds", () => {
  const widths = [null, 0, 0.001, 0.01, 0.1, 1, 10, 100, 1000, 1e6, 1e9].map(widthOf);
  expect(widths.toSorted((a, b) => a - b)).toEqual(widths);
  expect([widths[0], widths.at(-1)]).toEqual([1, 9]);
});

test("labels of rates stand apart, the busiest first", () => {
  const laid = layout(SHOP);
  const labels = labelsOf(laid, SHOP.edges);
  expect(SHOP.edges[labels[0]?.edge ?? -1]?.rate_per_s).toBe(5);
  const touching = labels.flatMap((one, at) => labels.slice(at + 1).filter((other) => Math.abs(one.at.x - other.at.x) <= 44 && Math.abs(one.at.y - other.at.y) <= 16));
  expect(touching).toEqual([]);
});
