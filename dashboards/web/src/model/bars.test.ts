import { describe, expect, test } from "vitest";
import { before, hatches, pathOf, rangeOf, stacks, ticks, totals, wider } from "./bars";
import { toMs } from "./time";

const at = (second: number) => `2026-01-02T10:00:${String(second).padStart(2, "0")}.000000000Z`;
const bucket = (second: number, parts: Record<string, number>) => ({ since: at(second), until: at(second + 1), count: Object.values(parts).reduce((sum, n) => sum + n, 0), parts });

describe("the bars of a histogram", () => {
  test("states are stacked, failures on top, the highest bar as high as the ground", () => {
    const found = stacks([bucket(0, { settled: 3, "dead-lettered": 1 }), bucket(1, { settled: 2 })], 20, 40);
    expect(found.get("settled")).toEqual([{ x: 0, y: 10, width: 9, height: 30 }, { x: 10, y: 20, width: 9, height: 20 }]);
    expect(found.get("dead-lettered")).toEqual([{ x: 0, y: 0, width: 9, height: 10 }]);
  });

  test("a few among very many are still seen", () => {
    const found = stacks([bucket(0, { settled: 100_000 }), bucket(1, { gone: 1 })], 20, 40);
    expect(found.get("gone")?.[0]?.height).toBe(2);
  });

  test("the sums of all buckets are told by state", () => {
    expect(totals([bucket(0, { gone: 1, delivered: 2 }), bucket(1, { gone: 4 })])).toEqual([["delivered", 2], ["gone", 5]]);
    expect(totals([{ since: at(0), until: at(1), count: 3 }])).toEqual([["unknown", 3]]);
  });

  test("rectangles are drawn as one path", () => {
    expect(pathOf([{ x: 1, y: 2, width: 3, height: 4 }])).toBe("M1 2h3v4h-3z");
  });
});

describe("times that were not captured", () => {
  const [since, until] = [toMs(at(0)), toMs(at(10))];

  test("are cut at the ends, joined where they touch, and wide enough to be seen", () => {
    const gaps = [{ since: at(2), until: at(4), why: "" }, { since: at(3), until: at(5), why: "" }, { since: "2026-01-02T09:00:00Z", until: at(0), why: "" }, { since: at(9), until: null, why: "" }];
    expect(hatches(gaps, since, until, 100)).toEqual([{ x: 0, width: 3 }, { x: 20, width: 30 }, { x: 90, width: 10 }]);
  });

  test("outside the range are not drawn", () => {
    expect(hatches([{ since: at(20), until: at(30), why: "" }], since, until, 100)).toEqual([]);
  });
});

describe("the axis", () => {
  test("has round times, apart enough to be read", () => {
    expect(ticks(toMs(at(0)), toMs(at(40)), 400, "utc").map((tick) => tick.text)).toEqual(["10:00:00", "10:00:10", "10:00:20", "10:00:30"]);
  });

  test("names the day where one begins", () => {
    expect(ticks(Date.UTC(2026, 0, 1, 18), Date.UTC(2026, 0, 2, 18), 460, "utc").map((tick) => tick.text)).toContain("01-02 00:00");
  });
});

describe("a brush", () => {
  const buckets = [bucket(0, {}), bucket(1, {}), bucket(2, {})];

  test("means the times of its bars in either direction, the end without the next bar's first moment", () => {
    expect(rangeOf(buckets, 2, 1)).toEqual({ since: at(1), until: "2026-01-02T10:00:02.999999999Z" });
    expect(rangeOf([], 0, 1)).toBeNull();
  });

  test("a long one is told in whole seconds, the last of them included whole", () => {
    const long = [0, 30].map((second) => ({ since: at(second).replace("000000000", "123456789"), until: at(second + 29).replace("000000000", "5"), count: 0 }));
    expect(rangeOf(long, 0, 1)).toEqual({ since: "2026-01-02T10:00:00Z", until: "2026-01-02T10:00:59Z" });
  });

  test("a nanosecond before a time keeps its digits", () => {
    expect(before("2026-01-02T10:00:02.000001000Z")).toBe("2026-01-02T10:00:02.000000999Z");
    expect(before("2026-01-02T00:00:00Z")).toBe("2026-01-01T23:59:59.999999999Z");
  });

  test("a wider range has the same middle", () => {
    expect(wider(at(10), at(20))).toEqual({ since: "2026-01-02T10:00:00.000Z", until: "2026-01-02T10:00:30.000Z" });
  });
});
