import { expect, test } from "vitest";
import { fixed, momentOf } from "./moment";

test("relative times are reckoned from now, others are themselves", () => {
  expect([momentOf("now", 5), momentOf("now-15m", 1_000_000), momentOf("now + 1s", 5), momentOf("1970-01-01T00:00:01Z", 5)]).toEqual([5, 100_000, 1005, 1000]);
});

test("a moment is as exact as it was told", () => {
  expect(momentOf("1970-01-01T00:00:01.000500Z", 0)).toBe(1000.5);
});

test("what is no time is none", () => {
  expect([momentOf(undefined, 5), momentOf("yesterday", 5)]).toEqual([undefined, undefined]);
});

test("a relative time is fixed to the moment that it means, any other text stays", () => {
  const now = Date.parse("2026-01-01T01:00:00Z");
  expect([fixed("now-30m", now), fixed("now", now)]).toEqual(["2026-01-01T00:30:00.000Z", "2026-01-01T01:00:00.000Z"]);
  expect(["2026-01-01T00:00:00.123456789Z", "yesterday", "now-9999999999999w"].map((each) => fixed(each, now))).toEqual(["2026-01-01T00:00:00.123456789Z", "yesterday", "now-9999999999999w"]);
});
