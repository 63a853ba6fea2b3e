import { expect, test } from "vitest";
import { dragged, isDrag } from "./dragging";

const from = { x: 100, y: 100, left: 40, top: 300 };

test("what is taken hold of follows the pointer", () => expect(dragged(from, 90, 130)).toEqual({ left: 50, top: 270 }));

test("a hand that shakes while it clicks does not drag", () => {
  expect([isDrag(from, 102, 101), isDrag(from, 104, 100), isDrag(from, 97, 96)]).toEqual([false, true, true]);
});
