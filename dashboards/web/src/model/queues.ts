// What a queue is and does, in words: its arguments, its dead-letter way, and why copies are believed to be in it. Pure.
import type { Schemas } from "@/api/client";
import { exchangeName, shown, type Text } from "./names";
import { count, plural } from "./numbers";
import { span } from "./time";

const bytesSaid = (value: unknown) => `at most ${count(Number(value))} bytes`;

const ARGUMENTS: Record<string, (value: unknown) => string> = {
  "message-ttl": (value) => `a message is dropped or dead-lettered after ${span(Number(value))}`,
  expires: (value) => `the queue is deleted after ${span(Number(value))} without use`,
  "max-length": (value) => `holds at most ${plural(Number(value), "message")}`,
  "max-length-bytes": (value) => `holds ${bytesSaid(value)}`,
  overflow: (value) =>
    ({
      "drop-head": "when it is full, the oldest go",
      "reject-publish": "when it is full, new ones are refused",
      "reject-publish-dlx": "when it is full, new ones are refused and dead-lettered",
    })[String(value)] ?? `when it is full: ${shown(String(value))}`,
  "max-priority": (value) => `priorities from 0 to ${Number(value)}`,
  "delivery-limit": (value) => `a message is dead-lettered when it came back more than ${plural(Number(value), "time")}`,
  "single-active-consumer": (value) => (value ? "one consumer at a time" : "all consumers share"),
  "queue-mode": (value) => `mode ${shown(String(value))}`,
  "queue-type": (value) => `${shown(String(value))} queue`,
  "dead-letter-exchange": (value) => `what dies goes to exchange ${exchangeName(asText(value))}`,
  "dead-letter-routing-key": (value) => `what dies gets the routing key ${shown(asText(value)) || "(empty)"}`,
  "dead-letter-strategy": (value) => `dead letters are passed on ${shown(String(value))}`,
  "max-age": (value) => `keeps what is younger than ${shown(String(value))}`,
};

/** Return a value of the broker as text; what is no text as JSON. */
function asText(value: unknown): Text {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "b64" in value && typeof value.b64 === "string") return { b64: value.b64 };
  return JSON.stringify(value);
}

export type Said = { name: string; said: string };

/** Return arguments or a policy, each with what it says; one that is not known with its value. */
export function argumentsSaid(table: Record<string, unknown>): Said[] {
  return Object.entries(table)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => ({ name: shown(name), said: ARGUMENTS[name.replace(/^x-/, "")]?.(value) ?? shown(asText(value)) }));
}

const VERDICTS: Record<Schemas["AgreementOut"]["verdict"], string> = {
  exact: "the same",
  moving: "the same, moving",
  more: "more here",
  fewer: "fewer here",
  unknown: "not compared",
};

/** Return how what is believed to wait agrees with the broker's own count. */
export function verdictSaid(agreement: Pick<Schemas["AgreementOut"], "verdict">): string {
  return VERDICTS[agreement.verdict];
}

/** Return what is wrong with a queue in few words; "" for nothing. */
export function problemSaid(problem: Schemas["StuckOut"] | null): string {
  return problem ? problem.kind.replaceAll("-", " ") : "";
}

/** Return how bad a queue is, for sorting: a problem first, then what waits. */
export function urgency(row: Pick<Schemas["QueueOut"], "problem" | "waiting">): number {
  return (row.problem ? 1e12 : 0) + row.waiting;
}

/** Return why a copy is believed to be in its queue. */
export function believedSaid(copy: Pick<Schemas["QueuedCopyOut"], "cause" | "returned" | "state">): string {
  const why = copy.cause ? shown(copy.cause) : copy.state === "waiting" ? "routed to it, and no delivery or death seen" : "delivered, and nothing tells that it was worked off";
  return copy.returned ? `${why}; it came back when its channel closed` : why;
}
