import { describe, expect, it } from "vitest";
import { copy, message } from "./generated";
import { foldOf, signatures } from "./fold";
import { marksOfMessages, marksOfSteps } from "./marks";
import { inSteps } from "./scale";
import { stepsOf } from "./steps";
import { barsPath, BUCKET_PX, bucketsOf, noMarks, partAt, scrolledAt, ticksPath, WINDOW_LEAST, windowOf } from "./strip";
import { conversationOf } from "./tree";

const ROWS = 10_000;
const HEIGHT = 400;
const { tops } = inSteps(new Float64Array(ROWS));
const ALL = tops.at(-1) ?? 0;

function marked(failed: readonly number[]) {
  const marks = noMarks(ROWS);
  for (let row = 0; row < ROWS; row += 1) marks.from[row] = marks.until[row] = row / ROWS;
  for (const row of failed) marks.failed[row] = 1;
  return marks;
}

describe("the strip beside the rows", () => {
  it("has no more buckets than it is high, each with the times of all its rows", () => {
    const buckets = bucketsOf(tops, marked([]), HEIGHT);
    expect(buckets).toHaveLength(HEIGHT / BUCKET_PX);
    expect(buckets[0]).toEqual({ number: 0, from: 0, until: 49 / ROWS, failed: false, found: false });
    expect(buckets.at(-1)?.until).toBe((ROWS - 1) / ROWS);
  });

  it("shows a single failure among ten thousand", () => {
    const buckets = bucketsOf(tops, marked([5000]), HEIGHT);
    expect(buckets.filter((bucket) => bucket.failed).map((bucket) => bucket.number)).toEqual([100]);
    expect(ticksPath(buckets, "failed", 42)).toBe("M42.0 199h6.0v3h-6.0z");
    expect(ticksPath(buckets, "found", 42)).toBe("");
  });

  it("leaves the pauses between rows empty", () => {
    const apart = Float64Array.from([0, 28, 972, 1000]);
    expect(bucketsOf(apart, noMarks(3), 100).map((bucket) => bucket.number)).toEqual([0, 1, 48]);
  });

  it("draws a bar that can be seen also of what took no time, at the very end too", () => {
    expect(barsPath([{ number: 3, from: 1, until: 1, failed: false, found: false }], 40)).toBe("M38.0 6h2.0v2h-2.0z");
  });

  it("of nothing is nothing", () => expect(bucketsOf(new Float64Array([0]), noMarks(0), HEIGHT)).toEqual([]));
});

describe("the window in sight", () => {
  it("begins at the top, ends at the bottom, and can always be grasped", () => {
    expect(windowOf(0, HEIGHT, ALL, HEIGHT)).toEqual({ top: 0, height: WINDOW_LEAST });
    expect(windowOf(ALL - HEIGHT, HEIGHT, ALL, HEIGHT).top).toBe(HEIGHT - WINDOW_LEAST);
    expect(windowOf(500, HEIGHT, 2 * HEIGHT, HEIGHT).height).toBe(HEIGHT / 2);
  });

  it.each([20, 133, 390])("comes to stand with its middle at what is clicked (%i px)", (y) => {
    const { top, height } = windowOf(scrolledAt(y, HEIGHT, ALL, HEIGHT), HEIGHT, ALL, HEIGHT);
    expect(top + height / 2).toBeCloseTo(y);
  });

  it("stays within what there is", () => {
    expect(scrolledAt(-50, HEIGHT, ALL, HEIGHT)).toBe(0);
    expect(scrolledAt(HEIGHT + 50, HEIGHT, ALL, HEIGHT)).toBe(ALL - HEIGHT);
  });
});

describe("what the strip tells of each row", () => {
  const conversation = conversationOf([
    message(0, { ms: 0, copies: [copy("jobs", 0, "job", 10)] }),
    message(1, { ms: 50, state: "unroutable" }),
    message(2, { ms: 80, copies: [copy("jobs", 80, "job", 10, { state: "dead-lettered", dead_letter: { reason: "rejected" } })] }),
  ]);
  const { started, ended } = conversation;

  it("of messages is their time, and whether they failed or are searched for", () => {
    const marks = marksOfMessages(conversation, [0, 1, 2], new Set([1]), [started, ended]);
    expect([...marks.failed]).toEqual([0, 1, 1]);
    expect([...marks.found]).toEqual([0, 1, 0]);
    expect([marks.from[0], marks.until[2]]).toEqual([0, 1]);
    expect(marks.from[1]).toBeCloseTo(50 / (ended - started));
  });

  it("of the steps of a sequence is when they happened, and which of them is the failure", () => {
    const steps = stepsOf(conversation, foldOf(conversation, signatures(conversation), new Set()), true);
    const marks = marksOfSteps(conversation, steps, new Set([2]));
    expect(steps.map((step) => step.kind)).toEqual(["sent", "sent", "sent", "died"]);
    expect([...marks.failed]).toEqual([0, 1, 0, 1]);
    expect([...marks.found]).toEqual([0, 0, 1, 0]);
  });

  it("stays on the axis, also where the axis is of a part of the time or of none", () => {
    expect([partAt(5, 10, 20), partAt(15, 10, 20), partAt(25, 10, 20), partAt(7, 7, 7)]).toEqual([0, 0.5, 1, 0]);
  });
});
