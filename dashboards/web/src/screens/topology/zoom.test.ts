import { describe, expect, test } from "vitest";
import { SHOP } from "@/model/made-graph";
import { geometryFor, layout } from "./layout";
import { graphOf } from "./layout/measured";
import { factorsOf, inBounds, pinned, SCALE_LEAST, SCALE_MOST, squeezed, stepped, turned, wholeScale } from "./zoom";

const large = layout(graphOf(500), geometryFor(1080));
const small = layout(SHOP, geometryFor(1080));
const wheel = (deltaY: number, deltaMode = 0) => ({ deltaY, deltaMode });

test("a picture that fits is not made larger to fill the view", () => expect(wholeScale(small, 5000)).toBe(100));

test("a large picture is as low as the view at the scale that shows all of it", () => {
  const scale = wholeScale(large, 500);
  const drawn = squeezed(large, factorsOf(scale, large, 1080));
  expect(drawn.height).toBeLessThanOrEqual(500);
  expect(drawn.height).toBeGreaterThan(450);
});

test("a smaller picture keeps the width of its lanes while there is room for them", () => {
  expect(squeezed(large, factorsOf(10, large, 1080)).width).toBe(large.width);
  expect(factorsOf(10, large, large.width / 2).x).toBeCloseTo(0.5);
  expect(factorsOf(80, large, large.width / 2).x).toBeCloseTo(0.8);
  expect(factorsOf(200, large, 1080)).toEqual({ x: 2, y: 2 });
});

test("squeezing keeps every item and line, and their order from the top", () => {
  const drawn = squeezed(large, factorsOf(5, large, 1080));
  expect(drawn.items.map((item) => item.key)).toEqual(large.items.map((item) => item.key));
  expect(drawn.lines.map((line) => line.edge)).toEqual(large.lines.map((line) => line.edge));
  const fromTop = (laid: typeof large) => laid.items.toSorted((one, other) => one.y - other.y || (one.key < other.key ? -1 : 1)).map((item) => item.key);
  expect(fromTop(drawn)).toEqual(fromTop(large));
});

test("what is at the size of 100 % or larger is laid out as it is", () => expect(squeezed(large, { x: 2, y: 2 })).toBe(large));

describe("the point under the pointer", () => {
  const [before, after] = [{ x: 1, y: 0.2 }, { x: 1, y: 0.31 }];
  test("stays where it is", () => {
    const [scrolled, pin] = [{ x: 12, y: 340 }, { x: 600, y: 120 }];
    const next = pinned(scrolled, pin, before, after);
    expect((next.x + pin.x) / after.x).toBeCloseTo((scrolled.x + pin.x) / before.x);
    expect((next.y + pin.y) / after.y).toBeCloseTo((scrolled.y + pin.y) / before.y);
  });

  test("comes back with the scale", () => {
    const [scrolled, pin] = [{ x: 0, y: 77 }, { x: 3, y: 9 }];
    const back = pinned(pinned(scrolled, pin, before, after), pin, after, before);
    expect(back.y).toBeCloseTo(scrolled.y);
  });
});

test("turning the wheel up enlarges, down makes smaller, and as far up as down changes nothing", () => {
  expect(turned(50, wheel(-10))).toBeGreaterThan(50);
  expect(turned(50, wheel(10))).toBeLessThan(50);
  expect(turned(turned(50, wheel(-10)), wheel(10))).toBeCloseTo(50);
});

test("a notch of a mouse goes as far whether it counts px or lines, and however many", () => {
  expect(turned(50, wheel(3, 1))).toBeCloseTo(turned(50, wheel(48)));
  expect(turned(50, wheel(9000))).toBe(turned(50, wheel(100)));
});

test("no way of zooming leaves the bounds", () => {
  for (const scale of [SCALE_LEAST, 3.3, 100, SCALE_MOST]) {
    for (const next of [stepped(scale, true), stepped(scale, false), turned(scale, wheel(-9999)), turned(scale, wheel(9999))]) expect(inBounds(next)).toBe(next);
  }
});

test("steps lead from the least to the most and back, and from between two to the next", () => {
  let scale = SCALE_LEAST;
  const up = [scale];
  while (scale < SCALE_MOST) up.push((scale = stepped(scale, true)));
  const down = up.toReversed().map((each, at, all) => (at === 0 ? each : stepped(all[at - 1] ?? 0, false)));
  expect(down.toReversed()).toEqual(up);
  expect([stepped(60, true), stepped(60, false)]).toEqual([75, 50]);
});
