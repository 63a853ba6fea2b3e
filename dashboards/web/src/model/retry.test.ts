import { expect, test } from "vitest";
import { answersTo, asks, progress, progressSaid } from "./retry";

const one = { messages: 137, published: 40, failed: 2, state: "running" as const, rate_per_s: 50 };

test("a retry says how far it is and how long it takes at least", () => {
  expect(progressSaid(one)).toBe("40 of 137 messages published, 2 failed; at least 1.9 s to go at 50/s");
  expect(progressSaid({ ...one, state: "done", published: 135 })).toBe("135 of 137 messages published, 2 failed");
  expect([progress(one), progress({ messages: 0, published: 0, failed: 0 })]).toEqual([42 / 137, 1]);
});

test("a retry asks when it rests because messages are in doubt", () => {
  const why = "up to 9 messages may be published already, and not everything was captured (a gap): resume with unsure";
  expect([asks({ state: "paused", why }), asks({ state: "paused", why: "" }), asks({ state: "running", why })]).toEqual([true, false, false]);
});

test("where messages are taken off their queue, only what still lies there can be published", () => {
  expect(answersTo({ remove: "none" }).map((each) => each.unsure)).toEqual(["published", "missing"]);
  expect(answersTo({ remove: "drain" }).map((each) => each.does)).toEqual(["Publish what still lies in its queue"]);
});
