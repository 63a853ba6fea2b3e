// The ways that a message took from queue to queue: its copies folded by queue, so that a hundred rounds of a retry loop stay one picture.
import type { Schemas } from "@/api/client";
import { type Text, toParam } from "./names";

export type Copy = Schemas["CopyOut"];
export type Attempt = Schemas["AttemptOut"];

/** A queue on a way, with the copies that were in it, oldest first, and all their deliveries. */
export type Station = { queue: Text; copies: Copy[]; attempts: Attempt[]; hops: Hop[] };

/** How copies died in a station and where they went: on to a new station, back to one that was there before, or nowhere (null). */
export type Hop = {
  reason: string;
  timer: boolean;
  exchange: Text | null;
  routingKey: Text | null;
  times: number;
  at: string | null;
  to: Station | null;
  back: boolean;
};

/** One way: where it began, and where its newest copy is. `entered` says how the first copy came there. */
export type Way = { first: Station; last: Station; stations: Station[]; entered: Copy["origin"] };

/** Return for each copy the number of the one that died into it; null for one that did not come from another. */
export function cameFrom(copies: readonly Copy[]): (number | null)[] {
  const taken = new Set<string>();
  return copies.map((copy, number) => {
    if (copy.origin === "routed") return null;
    for (let before = number - 1; before >= 0; before -= 1) {
      const key = `${before} ${toParam(copy.queue)}`;
      const into = copies[before]?.dead_letter?.to_queues ?? [];
      if (!taken.has(key) && into.some((queue) => toParam(queue) === toParam(copy.queue))) {
        taken.add(key);
        return before;
      }
    }
    return null;
  });
}

/** Return the ways of a message's *copies*, in the order in which they began. */
export function waysOf(copies: readonly Copy[]): Way[] {
  const sources = cameFrom(copies);
  const wayOf: Way[] = [];
  const stationOf: Station[] = [];
  const ways: Way[] = [];
  copies.forEach((copy, number) => {
    const source = sources[number] ?? null;
    const before = source === null ? undefined : wayOf[source];
    const way = before ?? beginning(copy);
    if (!before) ways.push(way);
    const { station, isNew } = stationIn(way, copy);
    station.copies.push(copy);
    station.attempts.push(...copy.attempts);
    way.last = station;
    wayOf[number] = way;
    stationOf[number] = station;
    const from = source === null ? undefined : stationOf[source];
    const died = source === null ? undefined : copies[source];
    if (from && died) hop(from, died, station, !isNew);
  });
  copies.forEach((copy, number) => {
    const station = stationOf[number];
    if (copy.dead_letter && station && !sources.includes(number)) hop(station, copy, null, false);
  });
  return ways;
}

function beginning(copy: Copy): Way {
  const first: Station = { queue: copy.queue, copies: [], attempts: [], hops: [] };
  return { first, last: first, stations: [first], entered: copy.origin };
}

function stationIn(way: Way, copy: Copy): { station: Station; isNew: boolean } {
  const known = way.stations.find((each) => toParam(each.queue) === toParam(copy.queue));
  if (known) return { station: known, isNew: known.copies.length === 0 };
  const station: Station = { queue: copy.queue, copies: [], attempts: [], hops: [] };
  way.stations.push(station);
  return { station, isNew: true };
}

function hop(from: Station, copy: Copy, to: Station | null, back: boolean): void {
  const death = copy.dead_letter;
  if (!death) return;
  const known = from.hops.find((each) => each.to === to && each.reason === death.reason && each.timer === death.timer);
  if (known) {
    known.times += 1;
    known.at = death.at ?? known.at;
    return;
  }
  from.hops.push({ reason: death.reason, timer: death.timer, exchange: death.exchange, routingKey: death.routing_key, times: 1, at: death.at, to, back });
}

/** Return the newest copy in *station*. */
export function newest(station: Station): Copy | undefined {
  return station.copies.at(-1);
}

/** Return the services that were given copies in *station*, each once; null stands for one that is not known. */
export function consumersOf(station: Station): (string | null)[] {
  return [...new Set(station.attempts.map((attempt) => attempt.consumer.service))];
}

/** Return how often copies died in *station* for a failure; the broker counts on where only the newest copies are kept. */
export function failuresIn(station: Station): number {
  const told = station.copies.map((copy) => (copy.dead_letter && !copy.dead_letter.timer ? copy.dead_letter.count : 0));
  return Math.max(0, ...told, station.hops.filter((each) => !each.timer).reduce((sum, each) => sum + each.times, 0));
}
