import { expect, test } from "vitest";
import { Problem } from "./client";
import { isBeingComputed, progressOf } from "./past";

const computing = new Problem(503, { type: "/problems/not-computed-yet", folded: 10, to_fold: 40, left_s: 3.2 });

test("what is being worked out says how far it is", () => {
  expect(progressOf(computing)).toEqual({ folded: 10, toFold: 40, leftS: 3.2 });
  expect(progressOf(new Problem(503, { type: "/problems/not-computed-yet" }))).toBeNull();
});

test("another error is not taken for an answer on its way", () => {
  expect(isBeingComputed(new Problem(503, { type: "/problems/not-ready" }))).toBe(false);
  expect(isBeingComputed(new Error("no"))).toBe(false);
});
