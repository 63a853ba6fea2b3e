import { describe, expect, test } from "vitest";
import { progressSaid, share } from "./progress";

const rebuild = { state: "running", position: "250000", target: "1000000", events_per_s: 50_000, error: null };

describe("a rebuild", () => {
  test("says how far it is, how fast, and how long it still takes", () => expect(progressSaid(rebuild)).toBe("25 %, 750,000 events left, 50k/s, about 15 s more"));
  test("says nothing of the pace before there is one", () => expect(progressSaid({ ...rebuild, events_per_s: null })).toBe("25 %, 750,000 events left"));
  test("says why it failed", () => expect(progressSaid({ ...rebuild, state: "failed", error: "the log is damaged" })).toBe("failed: the log is damaged"));
  test("of an empty log is done", () => expect(share({ position: "0", target: "0" })).toBe(1));
});
