import { expect, test } from "vitest";
import { chartSaid, depthsOver, ratesOver, valueSaid } from "./chart";

const bucket = (since: string, until: string, more = {}) => ({ since, until, published: 0, unroutable: 0, delivered: 0, redelivered: 0, dead_lettered: 0, timers: 0, ...more });
const RATES = {
  since: "2026-01-01T00:00:00Z",
  until: "2026-01-01T00:00:25Z",
  width_s: 20,
  buckets: [
    bucket("2026-01-01T00:00:00Z", "2026-01-01T00:00:20Z", { published: 40, delivered: 20 }),
    bucket("2026-01-01T00:00:20Z", "2026-01-01T00:00:25Z", { published: 10, dead_lettered: 5 }),
  ],
  depths: [{ at: "2026-01-01T00:00:00Z", ready: 3, unacked: 1, believed: null }],
  not_captured: [],
};

test("rates are counts over the seconds of their span, also of a last one that is shorter", () => {
  const [published, delivered, dead] = ratesOver(RATES).series;
  expect([published?.values, delivered?.values, dead?.values]).toEqual([[2, 2], [1, 0], [0, 1]]);
});

test("what never happened has no line, except what a chart is about", () => {
  expect(ratesOver(RATES).series.map((each) => each.name)).toEqual(["published", "delivered", "dead-lettered"]);
  expect(ratesOver({ ...RATES, buckets: [] }).series.map((each) => each.name)).toEqual(["published", "delivered"]);
});

test("a last span that has only just begun is left out, since it tells too little of a rate", () => {
  const begun = { ...RATES, buckets: [...RATES.buckets, bucket("2026-01-01T00:00:40Z", "2026-01-01T00:00:41Z")] };
  expect(ratesOver(begun).times).toHaveLength(2);
});

test("where nothing is ever delivered there is no line for it", () => {
  expect(ratesOver(RATES, { published: "published", delivered: null }).series.map((each) => each.name)).toEqual(["published", "dead-lettered"]);
});

test("depths keep what is not known as such", () => {
  expect(depthsOver(RATES).series.map((each) => each.values)).toEqual([[3], [1], [null]]);
});

test("the depth before the axis begins is where its line comes from, and no chart by itself", () => {
  const before = { at: "2025-12-31T23:59:00Z", ready: 9, unacked: 0, believed: 9 };
  expect(depthsOver({ ...RATES, depths: [before, ...RATES.depths] }).series[0]?.values).toEqual([9, 3]);
  expect(depthsOver({ ...RATES, depths: [before] }).times).toEqual([]);
});

test("a chart is said with the newest and the highest value of each line", () => {
  expect(chartSaid(ratesOver(RATES), "per second")).toContain("delivered: last 0/s, at most 1/s");
  expect(chartSaid(depthsOver(RATES), "messages")).toContain("believed to wait: last –, at most –");
  expect(valueSaid(1234, "messages")).toBe("1,234");
});
