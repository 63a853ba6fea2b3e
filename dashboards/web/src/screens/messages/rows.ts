// A message as a line of the list holds it: what is shown of it and no more, so that a hundred thousand lines stay small.
import type { Schemas } from "@/api/client";
import { excerptOf, type Highlight, type Line } from "@/model/excerpt";
import { shown, type Text } from "@/model/names";
import { routeOf, type Stop } from "@/model/route";
import type { State } from "@/model/state";

export type Row = {
  uid: string;
  /** Its place in the log, by which messages of the same time are ordered. */
  position: number;
  /** RFC 3339 in UTC with nine digits, so that texts compare as times do. */
  at: string;
  observed: boolean;
  vhost: string;
  route: readonly Stop[];
  exchange: string;
  routingKeys: string;
  type: string;
  state: State;
  latencyMs: number | null;
  endToEndMs: number | null;
  size: number | null;
  rounds: number;
  messageId: string;
  correlationId: string;
  traceId: string;
  error: string;
  line: Line;
};

type Message = Schemas["MessageOut"] & { highlights?: readonly Highlight[] };

export function rowOf(message: Message): Row {
  return {
    uid: message.uid,
    position: Number(message.position),
    at: message.published_at,
    observed: message.publish_observed,
    vhost: shown(message.vhost),
    route: routeOf(message),
    exchange: shown(message.exchange),
    routingKeys: message.routing_keys.map(shown).join(", "),
    type: typeOf(message.message_type, message.type),
    state: message.state,
    latencyMs: message.latency_ms,
    endToEndMs: message.end_to_end_ms,
    size: message.body?.size ?? null,
    rounds: message.retry_rounds,
    messageId: shown(message.message_id),
    correlationId: shown(message.correlation_id),
    traceId: message.trace_id,
    error: shown(message.error),
    line: excerptOf(message.body, message.highlights ?? []),
  };
}

function typeOf(messageType: string | null, type: Text | null): string {
  return shown(messageType ?? type);
}

/** Return less than 0 when *one* is newer than *other*, as the list orders them. */
export function newerFirst(one: Row, other: Row): number {
  if (one.at !== other.at) return one.at > other.at ? -1 : 1;
  return other.position - one.position;
}

/** Return two lists that have the newest first as one; what is in both is as in the first. */
export function merged(first: readonly Row[], second: readonly Row[]): readonly Row[] {
  if (first.length === 0) return second;
  const inFirst = new Set(first.map((row) => row.uid));
  const rest = second.filter((row) => !inFirst.has(row.uid));
  const found: Row[] = [];
  let [a, b] = [0, 0];
  while (a < first.length || b < rest.length) {
    const [one, other] = [first[a], rest[b]];
    if (one && (!other || newerFirst(one, other) <= 0)) {
      found.push(one);
      a += 1;
    } else if (other) {
      found.push(other);
      b += 1;
    }
  }
  return found;
}
