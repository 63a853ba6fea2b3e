import { expect, test } from "vitest";
import { attempt, copy, died } from "./made";
import { failuresIn, waysOf } from "./ways";

const round = (count: number) => [
  copy("work", { origin: count === 1 ? "routed" : "inferred", state: "dead-lettered", attempts: [attempt("ml", 12)], dead_letter: died("rejected", ["later"], { count }) }),
  copy("later", { origin: "dead-letter", state: "dead-lettered", dead_letter: died("expired", ["work"], { timer: true, count }) }),
];

test("rounds through a retry queue fold into two stations with counted hops", () => {
  const [way, ...others] = waysOf([...round(1), ...round(2), copy("work", { origin: "inferred", attempts: [attempt("ml", 14)] })]);

  expect(others).toEqual([]);
  expect(way?.stations.map((station) => [station.queue, station.copies.length, station.attempts.length])).toEqual([["work", 3, 3], ["later", 2, 0]]);
  expect(way?.first.hops.map((hop) => [hop.reason, hop.times, hop.back])).toEqual([["rejected", 2, false]]);
  expect(way?.stations[1]?.hops.map((hop) => [hop.timer, hop.times, hop.back])).toEqual([[true, 2, true]]);
  expect(way?.last).toBe(way?.first);
});

test("a dead letter that goes to two queues branches", () => {
  const [way] = waysOf([
    copy("work", { dead_letter: died("rejected", ["failed", "audit"]) }),
    copy("failed", { origin: "dead-letter" }),
    copy("audit", { origin: "dead-letter" }),
  ]);
  expect(way?.first.hops.map((hop) => hop.to?.queue)).toEqual(["failed", "audit"]);
});

test("each routed copy begins a way, and so does one that came from nowhere known", () => {
  expect(waysOf([copy("a"), copy("b"), copy("c", { origin: "inferred" })]).map((way) => [way.first.queue, way.entered])).toEqual([["a", "routed"], ["b", "routed"], ["c", "inferred"]]);
});

test("a death that led nowhere is a hop to nothing", () => {
  expect(waysOf([copy("a", { dead_letter: died("rejected", []) })])[0]?.first.hops.map((hop) => hop.to)).toEqual([null]);
});

test("the broker's count of deaths holds where fewer copies are kept", () => {
  expect(failuresIn(waysOf(round(81))[0]?.first ?? { queue: "", copies: [], attempts: [], hops: [] })).toBe(81);
});
