// Where the rows of a sequence stand: one after the other, or with the pauses between them to the scale of time.

export const ROW = 28;
/** Pauses are drawn to scale up to this height; longer ones are cut, and say so. */
export const PAUSE_MAX = 560;

export type Scale = {
  /** The top of each row in px, and one more: the height of all. */
  tops: Float64Array;
  /** The time of each row in ms; never falls. */
  times: Float64Array;
  /** px for one ms; 0 when rows only follow each other. */
  perMs: number;
  /** Rows before which a pause was cut. */
  cut: ReadonlySet<number>;
};

/** Return rows at *times* (ms, in order) one after the other. */
export function inSteps(times: Float64Array): Scale {
  return { tops: Float64Array.from({ length: times.length + 1 }, (_, row) => row * ROW), times, perMs: 0, cut: new Set() };
}

/** Return rows at *times* with their pauses to scale: a row is never lower than ROW, and no pause higher than PAUSE_MAX. */
export function toScale(times: Float64Array): Scale {
  const perMs = pxPerMs(times);
  const tops = new Float64Array(times.length + 1);
  const cut = new Set<number>();
  for (let row = 1; row < times.length; row += 1) {
    const pause = ((times[row] ?? 0) - (times[row - 1] ?? 0)) * perMs;
    if (pause > PAUSE_MAX) cut.add(row);
    tops[row] = (tops[row - 1] ?? 0) + Math.round(Math.min(Math.max(pause, ROW), PAUSE_MAX));
  }
  tops[times.length] = times.length ? (tops[times.length - 1] ?? 0) + ROW : 0;
  return { tops, times, perMs, cut };
}

/** Half of the rows' height again for the pauses, and at least some 500 px; a single long pause must not make all others vanish. */
function pxPerMs(times: Float64Array): number {
  const pauses = Array.from(times.subarray(1), (time, row) => time - (times[row] ?? 0)).toSorted((one, other) => other - one);
  const room = Math.min(Math.max(times.length * ROW * 0.5, 500), 20_000);
  const [longest = 0, second = 0] = pauses;
  const all = pauses.reduce((sum, pause) => sum + pause, 0);
  const told = longest > 20 * second && second > 0 ? all - longest + 20 * second : all;
  return told > 0 ? room / told : 0;
}

/** Return the first place in sorted *values* whose value is greater than *value*. */
export function after(values: Float64Array, value: number, end = values.length): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Return the middle of a row in px. */
export function middleOf(scale: Scale, row: number): number {
  return (scale.tops[row] ?? 0) + ROW / 2;
}

/** Return the height in px at which a time stands: between the rows around it, as far as it is between their times. */
export function heightOf(scale: Scale, time: number): number {
  const { times } = scale;
  if (times.length === 0) return 0;
  const next = after(times, time);
  if (next === 0) return 0;
  if (next === times.length) return time > (times[next - 1] ?? 0) ? (scale.tops[next] ?? 0) : middleOf(scale, next - 1);
  const [before, then] = [times[next - 1] ?? 0, times[next] ?? 0];
  const part = then > before ? (time - before) / (then - before) : 0;
  return middleOf(scale, next - 1) + part * (middleOf(scale, next) - middleOf(scale, next - 1));
}

/** Return the rows [from, to) of which some px between *top* and *bottom* are seen. */
export function rowsWithin(tops: Float64Array, top: number, bottom: number): [number, number] {
  const rows = Math.max(tops.length - 1, 0);
  const from = Math.max(after(tops, top, rows) - 1, 0);
  return [from, Math.min(after(tops, bottom, rows), rows)];
}

/** Return times for the ticks of an axis from 0 to *length* ms: round numbers, no more than *most* of them. */
export function ticks(length: number, most: number): number[] {
  if (!(length > 0) || most < 1) return [0];
  const step = STEPS_MS.find((each) => length / each <= most) ?? Math.ceil(length / most / 86_400_000) * 86_400_000;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, number) => number * step);
}

const STEPS_MS = [
  ...[0.001, 0.01, 0.1, 1, 10, 100].flatMap((power) => [power, 2 * power, 5 * power]),
  1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000,
  3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000,
];
