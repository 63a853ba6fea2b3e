// The lifelines of a sequence: services, and queues where they are asked for, in the order in which they first appear.
import { type Text, toParam } from "@/model/names";
import type { Message } from "./light";

export type Lifeline = { kind: "service"; name: string | null } | { kind: "queue"; name: Text; vhost: Text };

export type Lifelines = {
  all: readonly Lifeline[];
  /** The place of a service; null stands for the one that is not known. */
  ofService: (name: string | null) => number;
  /** The place of a queue; -1 when queues have no lifelines. */
  ofQueue: (vhost: Text, name: Text) => number;
};

const serviceKey = (name: string | null) => (name === null ? "?" : `s${name}`);
const queueKey = (vhost: Text, name: Text) => `q${toParam(vhost)}\u0000${toParam(name)}`;

/** Return the lifelines of *messages*; the publisher that is not known has one when something needs it. */
export function lifelinesOf(messages: readonly Message[], queues: boolean): Lifelines {
  const first = new Map<string, { at: number; lifeline: Lifeline }>();
  const see = (key: string, at: number, lifeline: () => Lifeline) => {
    const known = first.get(key);
    if (!known) first.set(key, { at, lifeline: lifeline() });
    else if (at < known.at) known.at = at;
  };
  const service = (name: string | null, at: number) => see(serviceKey(name), at, () => ({ kind: "service", name }));
  for (const message of messages) {
    service(message.publisher, message.published);
    for (const copy of message.copies) {
      if (queues) {
        const at = copy.enqueued ?? copy.attempts[0]?.at ?? message.published;
        see(queueKey(message.vhost, copy.queue), at, () => ({ kind: "queue", name: copy.queue, vhost: message.vhost }));
      }
      for (const attempt of copy.attempts) service(attempt.consumer, attempt.at);
    }
  }
  const ordered = [...first].toSorted(([, one], [, other]) => one.at - other.at);
  const places = new Map(ordered.map(([key], place) => [key, place]));
  return {
    all: ordered.map(([, { lifeline }]) => lifeline),
    ofService: (name) => places.get(serviceKey(name)) ?? -1,
    ofQueue: (vhost, name) => places.get(queueKey(vhost, name)) ?? -1,
  };
}
