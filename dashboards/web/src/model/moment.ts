// A time as an address and the query language write it, as a moment: `now`, `now-15m`, or RFC 3339.
import { fromMs, toMs } from "./time";

const RELATIVE = /^now(?:\s*([-+])\s*(\d+)\s*(ms|s|m|h|d|w))?$/;
const UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Return ms since 1970 for *time* at *now*; undefined for none and for what is no time. */
export function momentOf(time: string | undefined, now: number): number | undefined {
  if (time === undefined) return undefined;
  const found = RELATIVE.exec(time);
  if (found) return now + Number(`${found[1] ?? "+"}${found[2] ?? 0}`) * (UNITS_MS[found[3] ?? "ms"] ?? 1);
  const exact = toMs(time);
  const ms = Number.isNaN(exact) ? Date.parse(time) : exact;
  return Number.isNaN(ms) ? undefined : ms;
}

const LATEST_MS = 8.64e15;

/** Return *time* as one that stays the same moment: a relative one is reckoned from *now* (ms), any other is itself. */
export function fixed(time: string, now: number): string {
  const ms = RELATIVE.test(time) ? (momentOf(time, now) ?? Number.NaN) : Number.NaN;
  return Math.abs(ms) <= LATEST_MS ? fromMs(ms) : time;
}
