// What became of a message, as one sentence: only what was seen, what is concluded marked as such, names and times as pieces to link.
import type { Schemas } from "@/api/client";
import type { Text } from "./names";
import { count, plural } from "./numbers";
import { consumersOf, type Copy, failuresIn, newest, type Station, type Way, waysOf } from "./ways";

export type Piece =
  | string
  | { service: string }
  | { queue: Text; vhost: Text }
  | { exchange: Text; vhost: Text }
  | { at: string }
  | { uid: string };

export type Told = Schemas["MessageOut"];
type Clause = { rank: number; pieces: Piece[] };

/** A conclusion that is less sure than this is told with "probably". */
const SURE = 0.95;
const RETRY = "hoptrail retry";
const WAYS_TOLD = 3;

const WHY_UNSEEN: Record<string, string> = {
  "before capture": "it was sent before capture began",
  "inside a gap": "capture had a gap then",
  shovel: "a shovel moved it past what can be seen",
  federation: "a federation link moved it past what can be seen",
  "stream protocol": "it was sent by the stream protocol, which cannot be seen",
  unknown: "nothing tells why",
};

/** Return the sentence about *message*, without the full stop. */
export function storyOf(message: Told): Piece[] {
  const told = [published(message), ...becameOf(message)];
  return told.flatMap((clause, at) => (at === 0 ? clause : ["; ", ...clause]));
}

function published(message: Told): Piece[] {
  if (!message.publish_observed) return [...unseen(message), ...routed(message)];
  const { service, confidence } = message.publisher;
  const from: Piece[] = service === null ? ["by a service that is not known"] : [confidence < 0.8 ? "probably by " : "by ", { service }];
  const again: Piece[] = message.parent?.evidence === RETRY ? [" for a retry of ", { uid: message.parent.uid }] : [];
  const to: Piece[] = message.exchange === "" ? [] : [" to ", { exchange: message.exchange, vhost: message.vhost }];
  return ["Published ", ...from, ...again, ...to, ...when(message), ...routed(message)];
}

function when(message: Told): Piece[] {
  const at: Piece = { at: message.published_at };
  if (message.time_quality === "backlog") return [", seen late, at ", at];
  return message.time_quality === "broker" ? [" at ", at, " by the broker's clock"] : [" at ", at];
}

function unseen(message: Told): Piece[] {
  const why = message.not_observed ?? "unknown";
  return [`The publish was not seen, because ${WHY_UNSEEN[why] ?? `it was ${why}`}; it was first met at `, { at: message.published_at }];
}

function routed(message: Told): Piece[] {
  const { routed_queues: queues, vhost, publish_observed: observed, exchange } = message;
  if (queues.length === 1 && queues[0] !== undefined) return [exchange === "" && observed ? ", sent to " : ", routed to ", { queue: queues[0], vhost }];
  if (queues.length > 1) return [`, routed to ${plural(queues.length, "queue")}`];
  if (message.state === "unroutable") return [", but no queue got it"];
  return observed && message.copies.length === 0 ? [", where it went is not seen"] : [];
}

function becameOf(message: Told): Piece[][] {
  const ways = waysOf(message.copies);
  const clauses = ways.map((way) => clauseOf(way, message)).filter((clause) => clause.pieces.length > 0);
  const ordered = clauses.toSorted((one, other) => one.rank - other.rank);
  if (ordered.length <= WAYS_TOLD) return ordered.map((clause) => clause.pieces);
  const worst = ordered.slice(-WAYS_TOLD);
  return [[`${plural(ordered.length - WAYS_TOLD, "more queue")} with nothing worse`], ...worst.map((clause) => clause.pieces)];
}

function clauseOf(way: Way, message: Told): Clause {
  const { vhost } = message;
  const { first, last } = way;
  const several = message.copies.length > 1 && (message.routed_queues.length > 1 || way.entered !== "routed");
  const pieces = [...given(first, several, vhost), ...deaths(first, vhost), ...rounds(way, message), ...between(way, vhost), ...onward(way, vhost)];
  const end = newest(last);
  return { rank: end ? rankOf(end, failuresIn(first) > 0 && last !== first) : 0, pieces: trimmed(pieces) };
}

function trimmed(pieces: Piece[]): Piece[] {
  const begins = pieces[0];
  return typeof begins === "string" ? [begins.replace(/^(, | and |; )/, ""), ...pieces.slice(1)] : pieces;
}

/** The worst comes last, so that the sentence ends with it. */
function rankOf(copy: Copy, failed: boolean): number {
  const order: Copy["state"][] = ["settled", "delivered", "unknown", "redelivered", "waiting", "gone", "unroutable", "dead-lettered"];
  return order.indexOf(copy.state) + (failed ? order.length : 0);
}

function given(station: Station, several: boolean, vhost: Text): Piece[] {
  const consumers = consumersOf(station);
  if (consumers.length === 0) return [];
  const who = list(consumers.map((service): Piece[] => (service === null ? ["a service that is not known"] : [{ service }])));
  const times = station.attempts.length;
  const from: Piece[] = several ? [" from ", { queue: station.queue, vhost }] : [];
  return [...who, " got it", times > 1 ? ` ${count(times)} times` : "", ...from];
}

function deaths(station: Station, vhost: Text): Piece[] {
  const told: Piece[] = [];
  const failures = failuresIn(station);
  const reasons = new Set(station.hops.filter((hop) => !hop.timer).map((hop) => hop.reason));
  for (const reason of reasons) {
    if (told.length > 0) told.push(";");
    if (reason === "rejected") told.push(" and rejected it", rejections(failures, station.attempts.length));
    else told.push(station.attempts.length > 0 ? ", then " : "", ...diedOf(reason, { queue: station.queue, vhost }));
  }
  return told;
}

function rejections(failures: number, attempts: number): string {
  if (failures < 2) return "";
  return failures === attempts ? " each time" : ` ${count(failures)} times`;
}

function diedOf(reason: string, queue: Piece): Piece[] {
  switch (reason) {
    case "expired": return ["it expired in ", queue];
    case "maxlen": return ["a full ", queue, " pushed it out"];
    case "delivery_limit": return ["it came back to ", queue, " more often than its delivery limit allows"];
    default: return ["it died in ", queue, ` (${reason})`];
  }
}

function rounds(way: Way, message: Told): Piece[] {
  const delays = way.stations.filter((station) => station.hops.some((hop) => hop.timer));
  const backs = way.stations.flatMap((station) => station.hops).filter((hop) => hop.back && hop.timer);
  const times = backs.reduce((sum, hop) => sum + hop.times, 0);
  const through = list(delays.map((station): Piece[] => [{ queue: station.queue, vhost: message.vhost }]));
  if (times === 0) return delays.length > 0 ? [", it waited as a delay in ", ...through] : [];
  const told = message.retry_rounds > times && waysOf(message.copies).length === 1 ? message.retry_rounds : times;
  return [", it came back ", told === 1 ? "once" : `${count(told)} times`, " by way of ", ...through];
}

/** The failures on the way from the first queue to the last. */
function between(way: Way, vhost: Text): Piece[] {
  const { first, last } = way;
  return way.stations
    .filter((station) => station !== first && station !== last && failuresIn(station) > 0)
    .flatMap((station): Piece[] => ["; ", ...given(station, true, vhost), ...deaths(station, vhost)]);
}

function onward(way: Way, vhost: Text): Piece[] {
  const { first, last } = way;
  const end = newest(last);
  if (!end) return [];
  const queue: Piece = { queue: last.queue, vhost };
  const probably = end.confidence < SURE ? "probably " : "";
  const since: Piece[] = end.enqueued_at ? [" since ", { at: end.enqueued_at }] : [];
  switch (end.state) {
    case "waiting":
      return last === first && last.attempts.length === 0
        ? ["no delivery from ", queue, ` seen, it ${probably}lies there`, ...since]
        : [`; it ${probably}lies in `, queue, ...since];
    case "gone":
      return [`; it is ${probably}gone from `, queue, end.cause ? ` (${end.cause})` : ""];
    case "unknown":
      return ["; nothing tells what became of it in ", queue];
    case "dead-lettered":
      return last.hops.some((hop) => hop.to === null) ? ["; it went nowhere from there"] : [];
    default:
      return last === first ? [] : ["; ", ...given(last, true, vhost)];
  }
}

function list(items: Piece[][]): Piece[] {
  return items.flatMap((item, at) => (at === 0 ? item : [at === items.length - 1 ? " and " : ", ", ...item]));
}
