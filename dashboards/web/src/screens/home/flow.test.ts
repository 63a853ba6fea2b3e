import { describe, expect, test } from "vitest";
import { bars, busiest, highest, recentRate } from "./flow";

const bucket = (minute: number, count: number, parts: Record<string, number> | null = null) => ({
  since: `2026-01-02T10:0${minute}:00Z`,
  until: `2026-01-02T10:0${minute + 1}:00Z`,
  count,
  parts,
});

const edge = (kind: string, rate: number | null, to = "b") => ({ from: "a", to, kind, messages: 1, rate_per_s: rate, last_seen: null });

describe("what flows", () => {
  test("a rate is counted over the buckets that are over", () => {
    expect(recentRate([bucket(0, 600), bucket(1, 60), bucket(2, 120), bucket(3, 9999)], 2)).toBe(1.5);
    expect(recentRate([bucket(0, 5)], 2)).toBeNull();
  });

  test("the parts of a bar stand in the order of the states", () => {
    expect(bars([bucket(0, 3, { "dead-lettered": 1, delivered: 2, nonsense: 4 })])[0]?.parts).toEqual([
      { state: "delivered", count: 2 },
      { state: "dead-lettered", count: 1 },
    ]);
  });

  test("the highest bar is the latest of the highest, and none when all are empty", () => {
    expect(highest([bucket(0, 3), bucket(1, 7), bucket(2, 7)])?.since).toBe("2026-01-02T10:02:00Z");
    expect(highest([bucket(0, 0)])).toBeUndefined();
  });

  test("the busiest edges go first; bindings and edges at rest are none", () => {
    const nodes = ["a", "b"].map((id) => ({ id, kind: "queue", vhost: "/", name: id }));
    const found = busiest(nodes, [edge("publish", 1), edge("binding", 9), edge("deliver", 5), edge("deliver", null), edge("deliver", 7, "elsewhere")], 2);
    expect(found.map(({ edge: { rate_per_s } }) => rate_per_s)).toEqual([5, 1]);
  });
});
