// What the head of a conversation says: when, how long, who, how many, what failed, and whether it is probably over.
import { toParam } from "@/model/names";
import { failed, type Message } from "./light";
import type { Conversation } from "./tree";

/** The least and the most time without activity after which a conversation is taken to be over; between them, three of its longest pauses. */
export const QUIET_MS = 5000;
export const QUIET_MS_MAX = 600_000;

export type Facts = {
  services: readonly string[];
  vhosts: readonly Message["vhost"][];
  messages: number;
  failures: readonly number[];
  /** Copies that wait in a queue. */
  waiting: number;
  redelivered: number;
  /** Publishes that were not seen, and messages whose times were not taken as it happened. */
  notSeen: number;
  late: number;
  started: number;
  ended: number;
  longestPause: number;
};

export function factsOf(conversation: Conversation): Facts {
  const { messages, started, ended } = conversation;
  const services = new Set<string>();
  const vhosts = new Map<string, Message["vhost"]>();
  const facts = { messages: messages.length, failures: [] as number[], waiting: 0, redelivered: 0, notSeen: 0, late: 0, started, ended, longestPause: longestPause(messages) };
  messages.forEach((message, index) => {
    if (message.publisher !== null) services.add(message.publisher);
    vhosts.set(toParam(message.vhost), message.vhost);
    let again = false;
    for (const copy of message.copies) {
      if (copy.state === "waiting") facts.waiting += 1;
      again ||= copy.attempts.length > 1;
      for (const attempt of copy.attempts) {
        if (attempt.consumer !== null) services.add(attempt.consumer);
        again ||= attempt.redelivered;
      }
    }
    if (again) facts.redelivered += 1;
    if (failed(message)) facts.failures.push(index);
    if (!message.observed) facts.notSeen += 1;
    if (message.quality !== "live") facts.late += 1;
  });
  return { ...facts, services: [...services], vhosts: [...vhosts.values()] };
}

/** Return the longest time between two publishes in ms. */
function longestPause(messages: readonly Message[]): number {
  return messages.reduce((longest, message, index) => Math.max(longest, message.published - (messages[index - 1]?.published ?? message.published)), 0);
}

/** Return whether a conversation probably still runs at *now* (ms): its last activity is not longer ago than its pauses let expect. */
export function running(facts: Facts, now: number): boolean {
  return now - facts.ended < Math.min(Math.max(QUIET_MS, 3 * facts.longestPause), QUIET_MS_MAX);
}

/** Return the next of sorted *places* after *at*, the first one again after the last; -1 when there is none. */
export function nextOf(places: readonly number[], at: number, back = false): number {
  if (back) return places.findLast((place) => place < at) ?? places.at(-1) ?? -1;
  return places.find((place) => place > at) ?? places[0] ?? -1;
}
