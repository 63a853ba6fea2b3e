// Where the items of each lane stand: as near to the middle of their neighbours as the order and the distance between rows let them.
import type { Ends, Order } from "./model";

const ROUNDS = 8;

/** Return the places nearest to *wanted*, in the sense of least squares, that grow by at least *step* each: isotonic regression by pooling. */
export function apart(wanted: readonly number[], step: number): number[] {
  const pools: { sum: number; size: number }[] = [];
  wanted.forEach((want, at) => {
    pools.push({ sum: want - at * step, size: 1 });
    for (;;) {
      const [above, last] = pools.slice(-2);
      if (!above || !last || above.sum / above.size <= last.sum / last.size) break;
      pools.splice(-2, 2, { sum: above.sum + last.sum, size: above.size + last.size });
    }
  });
  return pools.flatMap((pool) => Array.from({ length: pool.size }, () => pool.sum / pool.size)).map((place, at) => place + at * step);
}

/** Return the y of each item's middle; the topmost is at 0 and whole pixels are kept. */
export function places(order: Order, ends: readonly Ends[], step: number): Map<string, number> {
  const neighbours = new Map<string, string[]>();
  for (const { from, to, fromLane, toLane } of ends) {
    if (fromLane === toLane) continue;
    neighbours.set(from, [...(neighbours.get(from) ?? []), to]);
    neighbours.set(to, [...(neighbours.get(to) ?? []), from]);
  }
  const y = new Map<string, number>();
  for (const lane of order) lane.forEach((key, at) => y.set(key, at * step));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const at of round % 2 === 0 ? [0, 1, 2, 3] : [3, 2, 1, 0]) {
      const lane = order[at] ?? [];
      const wanted = lane.map((key) => middle(neighbours.get(key), y) ?? y.get(key) ?? 0);
      apart(wanted, step).forEach((place, index) => y.set(lane[index] ?? "", place));
    }
  }
  const top = Math.min(...y.values(), Number.POSITIVE_INFINITY);
  return new Map([...y].map(([key, place]) => [key, Math.round(place - top)]));
}

function middle(keys: readonly string[] | undefined, y: ReadonlyMap<string, number>): number | undefined {
  if (!keys) return undefined;
  return keys.reduce((sum, key) => sum + (y.get(key) ?? 0), 0) / keys.length;
}
