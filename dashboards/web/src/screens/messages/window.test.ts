import { expect, test } from "vitest";
import { drawnOf, SEEN_NOTHING, seenAfter, windowOf } from "./window";

const range = (startIndex: number, rows = 20, count = 10_000) => ({ startIndex, endIndex: startIndex + rows - 1, count });

test("Rows beyond those in sight are drawn as well, within the list", () => {
  const still = seenAfter(SEEN_NOTHING, range(3), 0);
  expect(drawnOf(range(3), still)).toEqual([0, 28]);
  const near = seenAfter(seenAfter(SEEN_NOTHING, range(9_970), 0), range(9_980), 16);
  expect(drawnOf(range(9_980), near)).toEqual([9_974, 9_999]);
});

test("What jumps by more than is in sight has no rows drawn beyond it", () => {
  const jumped = seenAfter(seenAfter(SEEN_NOTHING, range(100), 0), range(500), 16);
  expect(drawnOf(range(500), jumped)).toEqual([500, 519]);
});

test("One jump is no flight; jumps on end are, and end with a step or a rest", () => {
  const one = seenAfter(SEEN_NOTHING, range(1_000), 0);
  expect(one.flying).toBe(false);
  const two = seenAfter(one, range(2_000), 16);
  expect(two.flying).toBe(true);
  expect(seenAfter(two, range(2_003), 32).flying).toBe(false);
  expect(seenAfter(two, range(3_000), 1_000).flying).toBe(false);
});

test("A window remembers how it was scrolled", () => {
  let now = 0;
  const { rowsOf, isFlying } = windowOf(() => (now += 16));
  expect(rowsOf(range(0))).toHaveLength(26);
  expect(isFlying()).toBe(false);
  rowsOf(range(400));
  expect(rowsOf(range(800))).toEqual(Array.from({ length: 20 }, (_, place) => 800 + place));
  expect(isFlying()).toBe(true);
  expect(rowsOf({ startIndex: 0, endIndex: 0, count: 0 })).toEqual([]);
});
