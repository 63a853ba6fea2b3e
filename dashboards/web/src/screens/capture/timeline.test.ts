import { describe, expect, test } from "vitest";
import { missed, tapSaid, timeline } from "./timeline";

const gap = (since: number, until: number | null, node = "") => ({
  gap: String(since),
  vhost: "",
  node,
  why: "",
  since: new Date(since).toISOString(),
  until: until === null ? null : new Date(until).toISOString(),
  estimated: -1,
});

describe("gaps on a line of time", () => {
  test("each place that missed something has a row", () => {
    const rows = timeline([gap(0, 10_000, "b"), gap(50_000, 100_000, "a"), gap(90_000, null, "a")], 0, 100_000);
    expect(rows.map((row) => [row.where, row.pieces.map((piece) => [piece.left, piece.width])])).toEqual([
      ["on node a", [[0.5, 0.5], [0.9, 0.1]]],
      ["on node b", [[0, 0.1]]],
    ]);
  });

  test("what lies beside the line is left out, and what reaches beyond is cut", () => {
    const [row] = timeline([gap(0, 10), gap(500, 1500), gap(5000, 6000)], 1000, 2000);
    expect(row?.pieces).toMatchObject([{ left: 0, width: 0.5 }]);
  });

  test("a gap too short to be seen is drawn all the same, within the line", () => {
    const [piece] = timeline([gap(100_000, 100_000)], 0, 100_000)[0]?.pieces ?? [];
    expect((piece?.left ?? 2) + (piece?.width ?? 2)).toBeCloseTo(1);
  });

  test("what is missed is said with what is known of it", () => {
    expect([-1, 0, 1200].map(missed)).toEqual(["not known", "none", "about 1,200"]);
    expect(tapSaid("firehose, quorum")).toBe("every publish and delivery, over a quorum queue");
    expect(tapSaid(null)).toBe("not known");
  });
});
