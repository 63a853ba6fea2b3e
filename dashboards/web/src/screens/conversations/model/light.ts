// The messages of a conversation as its screen works with them: the light form of the API, with times as numbers and nothing left out.
import type { Schemas } from "@/api/client";
import type { Text } from "@/model/names";
import type { State } from "@/model/state";
import { toMs } from "@/model/time";

type Told = Schemas["LightMessageOut"];
type ToldCopy = Schemas["LightCopyOut"];
type ToldAttempt = Schemas["LightAttemptOut"];

/** The light form: what is null, empty or the default may be left out. */
export type LightAttempt = Pick<ToldAttempt, "delivered_at"> & Partial<ToldAttempt>;
export type LightCopy = Pick<ToldCopy, "queue" | "state"> & Partial<Omit<ToldCopy, "attempts" | "dead_letter">> & {
  attempts?: readonly LightAttempt[];
  dead_letter?: (Pick<Schemas["LightDeathOut"], "reason"> & Partial<Schemas["LightDeathOut"]>) | null;
};
export type LightMessage = Pick<Told, "uid" | "published_at" | "vhost" | "exchange" | "state"> & Partial<Omit<Told, "copies" | "parent">> & {
  copies?: readonly LightCopy[];
  parent?: (Omit<Schemas["LightParentOut"], "rivals"> & { rivals?: number }) | null;
};

/** One delivery; times are ms since 1970. `processing` is an estimate in ms; null when nothing tells. */
export type Attempt = { at: number; consumer: string | null; redelivered: boolean; processing: number | null };

/** How a copy died; `at` is null when no time is known. A timer is an expiry used as a delay, not a failure. */
/** `to` names the queues that the broker routed it on to, empty where that was not seen. */
export type Death = { reason: string; at: number | null; timer: boolean; to: readonly Text[] };

export type Copy = {
  queue: Text;
  state: State;
  origin: "routed" | "dead-letter" | "inferred";
  enqueued: number | null;
  /** ms in the queue until its first delivery; null unless both were seen. */
  wait: number | null;
  attempts: readonly Attempt[];
  death: Death | null;
};

/** Why a message is believed to be caused by another, and how sure that is (0 to 1). */
export type Link = { uid: string; evidence: string; confidence: number; rivals: number };

export type Message = {
  uid: string;
  publishedAt: string;
  published: number;
  quality: "live" | "backlog" | "broker";
  observed: boolean;
  vhost: Text;
  exchange: Text;
  key: Text | null;
  keysMore: number;
  type: Text | null;
  state: State;
  publisher: string | null;
  link: Link | null;
  copies: readonly Copy[];
  /** The last time that is known of it: published, came to a queue, delivered, worked on (estimated), or dead. */
  end: number;
};

/** Return the messages of a conversation in the order of their publishing; of a repeated uid the last one told. */
export function messagesOf(items: readonly LightMessage[]): Message[] {
  const byUid = new Map(items.map((item) => [item.uid, item]));
  return [...byUid.values()].map(messageOf).toSorted((one, other) => one.published - other.published || compare(one.uid, other.uid));
}

function compare(one: string, other: string): number {
  return one.length - other.length || (one < other ? -1 : Number(one > other));
}

function messageOf(told: LightMessage): Message {
  const copies = (told.copies ?? []).map(copyOf);
  const published = toMs(told.published_at);
  return {
    uid: told.uid,
    publishedAt: told.published_at,
    published,
    quality: told.time_quality ?? "live",
    observed: told.publish_observed ?? true,
    vhost: told.vhost,
    exchange: told.exchange,
    key: told.routing_key ?? null,
    keysMore: told.routing_keys_more ?? 0,
    type: told.type ?? null,
    state: told.state,
    publisher: told.publisher ?? null,
    link: told.parent ? { ...told.parent, rivals: told.parent.rivals ?? 0 } : null,
    copies,
    end: copies.reduce((last, copy) => Math.max(last, endOf(copy)), published),
  };
}

function copyOf(told: LightCopy): Copy {
  const death = told.dead_letter;
  return {
    queue: told.queue,
    state: told.state,
    origin: told.origin ?? "routed",
    enqueued: told.enqueued_at ? toMs(told.enqueued_at) : null,
    wait: told.queue_wait_ms ?? null,
    attempts: (told.attempts ?? []).map((attempt) => ({
      at: toMs(attempt.delivered_at),
      consumer: attempt.consumer ?? null,
      redelivered: attempt.redelivered ?? false,
      processing: attempt.processing_ms ?? null,
    })),
    death: death ? { reason: death.reason, at: death.at ? toMs(death.at) : null, timer: death.timer ?? false, to: death.to_queues ?? [] } : null,
  };
}

function endOf(copy: Copy): number {
  const worked = copy.attempts.map((attempt) => attempt.at + (attempt.processing ?? 0));
  return Math.max(copy.enqueued ?? 0, copy.death?.at ?? 0, ...worked);
}

/** Return whether something went wrong with a message: no queue got it, or a copy died that was not meant as a delay. */
export function failed(message: Message): boolean {
  return message.state === "unroutable" || message.state === "dead-lettered" || message.copies.some((copy) => copy.death !== null && !copy.death.timer);
}

/** Return the services that got a message, each once, in the order of their first delivery; null where it is not known which. */
export function consumersOf(message: Message): (string | null)[] {
  const attempts = message.copies.flatMap((copy) => copy.attempts).toSorted((one, other) => one.at - other.at);
  return [...new Set(attempts.map((attempt) => attempt.consumer))];
}
