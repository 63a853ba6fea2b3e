// What a chart over time shows: series of numbers at the same times, and the same in words and rows. Pure.
import type { Schemas } from "@/api/client";
import { count, rate, short } from "./numbers";
import { toMs } from "./time";

/** A line: its numbers stand at the times of the chart, null where there is none. */
export type Series = { name: string; colour: string; values: readonly (number | null)[] };
export type Gap = { since: string; until: string | null };
/** `times` in ms; the axis goes from `since` to `until`. */
export type ChartData = { since: number; until: number; times: readonly number[]; series: readonly Series[]; gaps: readonly Gap[] };
export type Unit = "per second" | "messages";

type Rates = Pick<Schemas["RatesOut"], "since" | "until" | "buckets" | "depths" | "width_s" | "not_captured">;
export type RateNames = { published: string; delivered: string | null };

/** A last span that has lasted less than this part of its width tells too little of a rate. */
const LAST_LEAST = 0.25;

/** Return the counts of each span as rates, at the middle of the span. What is 0 everywhere is left out, but for what the chart is about. */
export function ratesOver(rates: Rates, names: RateNames = { published: "published", delivered: "delivered" }): ChartData {
  const buckets = settled(rates);
  const perSecond = (pick: (bucket: Schemas["RateBucketOut"]) => number) => buckets.map((bucket) => pick(bucket) / spanS(bucket, rates.width_s));
  const lines: { name: string | null; colour: string; always: boolean; values: number[] }[] = [
    { name: names.published, colour: "--accent", always: true, values: perSecond((bucket) => bucket.published) },
    { name: names.delivered, colour: "--delivered", always: true, values: perSecond((bucket) => bucket.delivered) },
    { name: "redelivered", colour: "--redelivered", always: false, values: perSecond((bucket) => bucket.redelivered) },
    { name: "dead-lettered", colour: "--dead-lettered", always: false, values: perSecond((bucket) => bucket.dead_lettered) },
    { name: "unroutable", colour: "--unroutable", always: false, values: perSecond((bucket) => bucket.unroutable) },
  ];
  return {
    ...frame(rates),
    times: buckets.map((bucket) => (toMs(bucket.since) + toMs(bucket.until)) / 2),
    series: lines.flatMap(({ name, colour, always, values }) => (name !== null && (always || values.some((value) => value > 0)) ? [{ name, colour, values }] : [])),
  };
}

function frame({ since, until, not_captured }: Rates): Pick<ChartData, "since" | "until" | "gaps"> {
  return { since: toMs(since), until: toMs(until), gaps: not_captured };
}

/** Return the spans without a last one that has only just begun. */
function settled({ buckets, width_s }: Rates): Rates["buckets"] {
  const last = buckets.at(-1);
  const begun = last !== undefined && buckets.length > 1 && toMs(last.until) - toMs(last.since) < width_s * 1000 * LAST_LEAST;
  return begun ? buckets.slice(0, -1) : buckets;
}

/** The last span may have begun only just now: its rate is over what of it has passed. */
function spanS(bucket: Schemas["RateBucketOut"], width: number): number {
  const own = (toMs(bucket.until) - toMs(bucket.since)) / 1000;
  return own > 0 ? own : width;
}

/** Return the depths of a queue as the broker counted them, beside what was believed to wait.
 *
 * The one before the axis begins is where its lines come from; alone it draws none.
 */
export function depthsOver(rates: Rates): ChartData {
  const depths = rates.depths.some((depth) => toMs(depth.at) >= toMs(rates.since)) ? rates.depths : [];
  return {
    ...frame(rates),
    times: depths.map((depth) => toMs(depth.at)),
    series: [
      { name: "waiting, as the broker counts", colour: "--waiting", values: depths.map((depth) => depth.ready) },
      { name: "unacknowledged", colour: "--redelivered", values: depths.map((depth) => depth.unacked) },
      { name: "believed to wait", colour: "--text-3", values: depths.map((depth) => depth.believed) },
    ],
  };
}

export function valueSaid(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return "–";
  return unit === "messages" ? count(value) : rate(Number(value.toPrecision(3)));
}

/** Return a chart in one sentence: of each line the last value and the highest. */
export function chartSaid({ series }: ChartData, unit: Unit): string {
  return series
    .map(({ name, values }) => {
      const known = values.filter((value) => value !== null);
      return `${name}: last ${valueSaid(known.at(-1), unit)}, at most ${valueSaid(known.length ? Math.max(...known) : null, unit)}`;
    })
    .join("; ");
}

/** Return a number for an axis: as short as it goes. */
export function axisSaid(value: number): string {
  return short(value);
}
