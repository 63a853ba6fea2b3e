// The arithmetic of a histogram over time: where bars, ticks and hatches stand, and which times a brush means.
import { STATES, type Shade } from "./state";
import { fromMs, parts, toMs, type Zone } from "./time";

export type Bucket = { since: string; until: string; count: number; parts?: Record<string, number> | null };
export type Gap = { since: string; until: string | null; why: string };
export type Rect = { x: number; y: number; width: number; height: number };

/** The states from the ground up: what went wrong stands on top, where it is seen. */
export const STACKED: readonly Shade[] = ["settled", "delivered", "waiting", "unknown", "gone", "redelivered", "unroutable", "dead-lettered"];

const TICK_STEPS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];

/** Return the rectangles of each state, on a ground of *width* × *height*; what there is at all is at least 2 high in sum. */
export function stacks(buckets: readonly Bucket[], width: number, height: number): Map<Shade, Rect[]> {
  const most = Math.max(1, ...buckets.map((bucket) => bucket.count));
  const step = width / Math.max(1, buckets.length);
  const found = new Map<Shade, Rect[]>();
  for (const [at, bucket] of buckets.entries()) {
    const scale = (Math.max((bucket.count / most) * height, bucket.count > 0 ? 2 : 0) || 0) / Math.max(1, bucket.count);
    let top = height;
    for (const state of STACKED) {
      const own = partOf(bucket, state);
      if (own === 0) continue;
      const tall = own * scale;
      top -= tall;
      const rects = found.get(state) ?? [];
      rects.push({ x: at * step, y: top, width: Math.max(step - (step > 3 ? 1 : 0), 0.5), height: tall });
      found.set(state, rects);
    }
  }
  return found;
}

/** Return how many of a bucket are in *state*; without parts all count as not known. */
export function partOf(bucket: Bucket, state: Shade): number {
  if (!bucket.parts) return state === "unknown" ? bucket.count : 0;
  return bucket.parts[state] ?? 0;
}

/** Return how many of all buckets are in each state, in the order of the states, none that there is not. */
export function totals(buckets: readonly Bucket[]): [Shade, number][] {
  const sums = STATES.map((state): [Shade, number] => [state, buckets.reduce((sum, bucket) => sum + partOf(bucket, state), 0)]);
  return sums.filter(([, sum]) => sum > 0);
}

/** Return the path that draws *rects*. */
export function pathOf(rects: readonly Rect[]): string {
  return rects.map((rect) => `M${few(rect.x)} ${few(rect.y)}h${few(rect.width)}v${few(rect.height)}h${few(-rect.width)}z`).join("");
}

function few(value: number): number {
  return Number(value.toFixed(2));
}

/** Return where gaps lie between *since* and *until* (ms) on *width*, joined where they touch, and each wide enough to be seen. */
export function hatches(gaps: readonly Gap[], since: number, until: number, width: number): { x: number; width: number }[] {
  const scale = width / Math.max(1, until - since);
  const spans = gaps
    .map((gap) => [Math.max(toMs(gap.since), since), Math.min(gap.until === null ? until : toMs(gap.until), until)] as const)
    .filter(([low, high]) => high >= low)
    .map(([low, high]) => ({ x: (low - since) * scale, width: Math.max((high - low) * scale, 3) }))
    .toSorted((one, other) => one.x - other.x);
  const joined: { x: number; width: number }[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last && span.x <= last.x + last.width) last.width = Math.max(last.width, span.x + span.width - last.x);
    else joined.push({ ...span });
  }
  return joined;
}

export type Tick = { x: number; text: string };

/** Return the ticks of the axis from *since* to *until* (ms) on *width*, on round times of *zone*. */
export function ticks(since: number, until: number, width: number, zone: Zone): Tick[] {
  const apart = ((until - since) / 1000) * (92 / Math.max(1, width));
  const step = (TICK_STEPS_S.find((each) => each >= apart) ?? 2_592_000) * 1000;
  const offset = zone === "utc" ? 0 : new Date(since).getTimezoneOffset() * 60_000;
  const found: Tick[] = [];
  for (let at = Math.ceil((since - offset) / step) * step + offset; at <= until; at += step) {
    const x = ((at - since) / Math.max(1, until - since)) * width;
    if (x < width - 30) found.push({ x, text: tickText(at, step, zone) });
  }
  return found;
}

function tickText(at: number, step: number, zone: Zone): string {
  const { date, clock } = parts(fromMs(at), zone, step < 1000 ? 3 : 0);
  if (step >= 86_400_000) return date.slice(5);
  if (clock.startsWith("00:00:00")) return `${date.slice(5)} ${clock.slice(0, 5)}`;
  return step < 60_000 ? clock : clock.slice(0, 5);
}

const TO_SECONDS_MS = 30_000;

/** Return the range of the address for the buckets from number *one* to number *other*, whichever is first; a long one in whole seconds. */
export function rangeOf(buckets: readonly Bucket[], one: number, other: number): { since: string; until: string } | null {
  const [first, last] = [buckets[Math.min(one, other)], buckets[Math.max(one, other)]];
  if (!first || !last) return null;
  const [since, until] = [first.since, before(last.until)];
  if (toMs(until) - toMs(since) < TO_SECONDS_MS) return { since, until };
  return { since: since.replace(/\.\d+Z$/, "Z"), until: until.replace(/\.\d+Z$/, "Z") };
}

/** Return the nanosecond before *time*: ends of a range are included, those of a bucket are not. */
export function before(time: string): string {
  const found = /^(.*T\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(time);
  if (!found) return time;
  const ns = Number((found[2] ?? "").padEnd(9, "0"));
  if (ns > 0) return `${found[1]}.${String(ns - 1).padStart(9, "0")}Z`;
  return fromMs(Date.parse(`${found[1]}Z`) - 1000).replace(/\.\d+Z$/, ".999999999Z");
}

/** Return a range three times as wide around its middle, in ms; both ends must be known. */
export function wider(since: string, until: string): { since: string; until: string } {
  const [low, high] = [toMs(since), toMs(until)];
  return { since: fromMs(Math.round(low - (high - low))), until: fromMs(Math.round(high + (high - low))) };
}
