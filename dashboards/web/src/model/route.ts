// The way of a message as one readable line: publisher → exchange:routing key → queues → consumers.
import { exchangeName, shown, type Text, toParam } from "./names";

/** What is known of a message's way; a part of what the API tells of it. */
export type Way = {
  exchange: Text;
  routing_keys: readonly Text[];
  routed_queues: readonly Text[];
  publisher: { service: string | null };
  copies: readonly { queue: Text; attempts: readonly { consumer: { service: string | null } }[] }[];
};

export type Stop = { kind: "publisher" | "exchange" | "queue" | "consumer"; text: string; names: string[] };

/** Return the stops of a message in order. Without a delivery the line ends at the queues, without a queue at the exchange. */
export function routeOf(way: Way): Stop[] {
  const queues = unique([...way.routed_queues, ...way.copies.map((copy) => copy.queue)]);
  const consumers = [...new Set(way.copies.flatMap((copy) => copy.attempts.map((attempt) => attempt.consumer.service ?? "?")))];
  const stops: Stop[] = [
    { kind: "publisher", text: way.publisher.service === null ? "?" : shown(way.publisher.service), names: named([way.publisher.service]) },
    { kind: "exchange", text: exchangeOf(way, queues), names: [shown(way.exchange)] },
    { kind: "queue", text: queues.length === 0 ? "no queue" : few(queues.map(shown)), names: queues.map(shown) },
  ];
  if (consumers.length > 0) stops.push({ kind: "consumer", text: few(consumers.map(shown)), names: named(consumers) });
  return stops;
}

/** Return the same with every name, one stop a line. */
export function routeWhole(stops: readonly Stop[]): string {
  return stops.map((stop) => (stop.names.length > 1 ? stop.names.join(", ") : stop.text)).join("\n→ ");
}

function exchangeOf(way: Way, queues: readonly Text[]): string {
  const keys = way.routing_keys.map(shown).filter((key) => key !== "");
  const told = exchangeName(way.exchange);
  // The default exchange's key is the name of the queue, which follows.
  if (keys.length === 0 || (way.exchange === "" && queues.some((queue) => shown(queue) === keys[0]))) return told;
  return `${told}:${few(keys)}`;
}

function few(texts: readonly string[]): string {
  return texts.length < 2 ? (texts[0] ?? "") : `${texts[0] ?? ""} + ${texts.length - 1}`;
}

function unique(names: readonly Text[]): Text[] {
  return [...new Map(names.map((name) => [toParam(name), name])).values()];
}

function named(names: readonly (string | null)[]): string[] {
  return names.filter((name): name is string => name !== null && name !== "?");
}
