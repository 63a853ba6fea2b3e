// A conversation in small, as a strip beside its rows: what stands at each height, from left to right in time.

/** So many px of the strip are one bucket: the rows in it are drawn as one. */
export const BUCKET_PX = 2;

/** Of each row: when it began and ended as parts of the whole time (0 to 1), whether it failed, and whether it is what is searched for. */
export type Marks = { from: Float64Array; until: Float64Array; failed: Uint8Array; found: Uint8Array };

/** What the rows of a bucket are together; `number` is its place from the top. */
export type Bucket = { number: number; from: number; until: number; failed: boolean; found: boolean };

export function noMarks(rows: number): Marks {
  return { from: new Float64Array(rows), until: new Float64Array(rows), failed: new Uint8Array(rows), found: new Uint8Array(rows) };
}

/** Return the part of the time from *started* to *ended* that has passed at *at*: from 0 to 1. */
export function partAt(at: number, started: number, ended: number): number {
  return ended > started ? Math.min(Math.max((at - started) / (ended - started), 0), 1) : 0;
}

/** Return the buckets of a strip of *height* px in which a row of *tops* begins, from the top. */
export function bucketsOf(tops: Float64Array, { from, until, failed, found }: Marks, height: number): Bucket[] {
  const rows = Math.min(from.length, tops.length - 1);
  const all = tops[tops.length - 1] ?? 0;
  const buckets: Bucket[] = [];
  for (let row = 0; row < rows; row += 1) {
    const number = all > 0 ? Math.floor(((tops[row] ?? 0) / all) * (height / BUCKET_PX)) : 0;
    const last = buckets.at(-1);
    const own = { number, from: from[row] ?? 0, until: until[row] ?? 0, failed: failed[row] === 1, found: found[row] === 1 };
    if (last?.number !== number) buckets.push(own);
    else {
      last.from = Math.min(last.from, own.from);
      last.until = Math.max(last.until, own.until);
      last.failed ||= own.failed;
      last.found ||= own.found;
    }
  }
  return buckets;
}

const LEAST_PX = 2;
const TICK_PX = 6;

/** Return *buckets* as the path of an SVG *width* px wide, each from its first time to its last. */
export function barsPath(buckets: readonly Bucket[], width: number): string {
  return buckets.map(({ number, from, until }) => rect(Math.min(from * width, width - LEAST_PX), number * BUCKET_PX, Math.max((until - from) * width, LEAST_PX), BUCKET_PX)).join("");
}

/** Return a tick at the edge of the strip, *left* px from its left, for each bucket that *is* says so of. */
export function ticksPath(buckets: readonly Bucket[], is: "failed" | "found", left: number): string {
  return buckets.filter((bucket) => bucket[is]).map(({ number }) => rect(left, number * BUCKET_PX - 1, TICK_PX, BUCKET_PX + 1)).join("");
}

function rect(x: number, y: number, width: number, height: number): string {
  return `M${x.toFixed(1)} ${y}h${width.toFixed(1)}v${height}h${(-width).toFixed(1)}z`;
}

/** Return where the window in sight stands on a strip of *height* px: its top and its height. It is never too low to be grasped. */
export function windowOf(scrolled: number, room: number, all: number, height: number): { top: number; height: number } {
  const own = Math.min(Math.max((room / all) * height, WINDOW_LEAST), height);
  const rest = Math.max(all - room, 1);
  return { top: Math.min(Math.max(scrolled / rest, 0), 1) * (height - own), height: own };
}

export const WINDOW_LEAST = 12;

/** Return how far to scroll so that the middle of the window stands at *y* of a strip of *height* px. */
export function scrolledAt(y: number, room: number, all: number, height: number): number {
  const own = windowOf(0, room, all, height).height;
  const part = height > own ? (y - own / 2) / (height - own) : 0;
  return Math.min(Math.max(part, 0), 1) * Math.max(all - room, 0);
}
