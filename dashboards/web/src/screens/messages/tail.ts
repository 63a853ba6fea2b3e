// What a live tail holds: the messages that came since the list was asked, those that wait while it is paused, and what changed since.
import { merged, newerFirst, type Row } from "./rows";

export const SHOWN_MAX = 500;
export const WAITING_MAX = 500;

export type Tail = {
  /** Newest first, above the list as it was asked. */
  shown: readonly Row[];
  /** What came while paused, newest first; at most the newest {@link WAITING_MAX}. */
  waiting: readonly Row[];
  /** How many came while paused, also those that are no longer held. */
  waitingCount: number;
  /** Messages of the list as it was asked, as they are now. */
  changed: ReadonlyMap<string, Row>;
  /** More came than is held: the list must be asked again. */
  full: boolean;
};

export const NO_TAIL: Tail = { shown: [], waiting: [], waitingCount: 0, changed: new Map(), full: false };

/** What the list as it was asked holds: its messages, and the position below which it holds only a part (-1: it holds all). */
export type Asked = { has: (uid: string) => boolean; least: number };

export type Step =
  | { what: "came"; rows: readonly Row[]; paused: boolean; asked: Asked }
  | { what: "show" }
  | { what: "asked again"; asked: Asked; position: number }
  | { what: "behind" }
  | { what: "end" };

export function step(tail: Tail, taken: Step): Tail {
  switch (taken.what) {
    case "came":
      return came(tail, taken);
    case "show":
      return bounded({ ...tail, shown: merged(tail.waiting, tail.shown), waiting: [], waitingCount: 0 });
    case "asked again":
      return askedAgain(tail, taken.asked, taken.position);
    case "behind":
      return { ...tail, full: true };
    case "end":
      return NO_TAIL;
  }
}

function came(tail: Tail, { rows, paused, asked }: Extract<Step, { what: "came" }>): Tail {
  const shown = new Map(tail.shown.map((row) => [row.uid, row]));
  const waiting = new Map(tail.waiting.map((row) => [row.uid, row]));
  const changed = new Map(tail.changed);
  // What is older than all that is held was counted when it came, and let go.
  const least = tail.full ? Math.min(...tail.waiting.map((row) => row.position)) : -1;
  let { waitingCount } = tail;
  for (const row of rows) {
    if (shown.has(row.uid)) shown.set(row.uid, row);
    else if (asked.has(row.uid)) changed.set(row.uid, row);
    else if (row.position < asked.least) continue;
    else if (paused) {
      if (!waiting.has(row.uid) && row.position >= least) waitingCount += 1;
      waiting.set(row.uid, row);
    } else shown.set(row.uid, row);
  }
  return bounded({ ...tail, shown: ordered(shown), waiting: ordered(waiting), waitingCount, changed });
}

/** Keep what came behind *position*, up to which the list was asked again, and is not in it. */
function askedAgain(tail: Tail, asked: Asked, position: number): Tail {
  const isNewer = (row: Row) => row.position >= position && !asked.has(row.uid);
  const waiting = tail.waiting.filter(isNewer);
  return { shown: tail.shown.filter(isNewer), waiting, waitingCount: waiting.length, changed: new Map(), full: false };
}

function ordered(rows: ReadonlyMap<string, Row>): Row[] {
  return [...rows.values()].toSorted(newerFirst);
}

function bounded(tail: Tail): Tail {
  if (tail.shown.length <= SHOWN_MAX && tail.waiting.length <= WAITING_MAX) return tail;
  return { ...tail, shown: tail.shown.slice(0, SHOWN_MAX), waiting: tail.waiting.slice(0, WAITING_MAX), full: true };
}
