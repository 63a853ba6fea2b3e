// Which rows of the list are drawn as it is scrolled, and whether they go by faster than they can be read.

/** The rows in sight, both ends included. */
export type Range = { startIndex: number; endIndex: number; count: number };
/** `at` is when, in ms; `jumped` says that no row stayed in sight, `flying` that this was so several times on end. */
export type Seen = { at: number; start: number; jumped: boolean; flying: boolean };

const AHEAD = 6;
const ON_END_MS = 100;

export const SEEN_NOTHING: Seen = { at: Number.NEGATIVE_INFINITY, start: 0, jumped: false, flying: false };

/** Return what is seen now, as it follows *before*. A single jump, by a key or to a message, is no flight. */
export function seenAfter(before: Seen, { startIndex, endIndex }: Range, at: number): Seen {
  const jumped = Math.abs(startIndex - before.start) > endIndex - startIndex;
  return { at, start: startIndex, jumped, flying: jumped && before.jumped && at - before.at < ON_END_MS };
}

/** Return the rows to draw, the first and the last: some beyond those in sight, unless all go by. */
export function drawnOf({ startIndex, endIndex, count }: Range, { jumped }: Seen): readonly [number, number] {
  const ahead = jumped ? 0 : AHEAD;
  return [Math.max(startIndex - ahead, 0), Math.min(endIndex + ahead, count - 1)];
}

/** Return what gives a virtualizer the rows to draw, and whether they fly by. */
export function windowOf(now: () => number): { rowsOf: (range: Range) => number[]; isFlying: () => boolean } {
  let seen = SEEN_NOTHING;
  return {
    rowsOf: (range) => {
      seen = seenAfter(seen, range, now());
      const [from, to] = drawnOf(range, seen);
      return Array.from({ length: Math.max(to - from + 1, 0) }, (_, place) => from + place);
    },
    isFlying: () => seen.flying,
  };
}
