// What happened in a conversation, in time: sent, delivered, died. A message that was delivered at once is one step, not two.
import { sameName, type Text } from "@/model/names";
import type { Copy, Death, Message } from "./light";
import type { Folded } from "./fold";
import { type Conversation, NONE } from "./tree";

/** `received` are the copies whose first delivery follows the sending with nothing between. */
export type Sent = { kind: "sent"; at: number; index: number; received: readonly number[] };
export type Delivered = { kind: "delivered"; at: number; index: number; copy: number; attempt: number };
export type Died = { kind: "died"; at: number; index: number; copy: number };
export type Step = Sent | Delivered | Died;

const RANK = { sent: 0, delivered: 1, died: 2 } as const;

/** Return the steps of the messages that *folded* shows, in time; of one time, each message's own together. */
export function stepsOf(conversation: Conversation, folded: Folded, merge: boolean): Step[] {
  const steps: Step[] = [];
  for (const index of folded.order) {
    const message = conversation.messages[index];
    if (message) stepsOfMessage(message, index, steps);
  }
  steps.sort((one, other) => one.at - other.at || one.index - other.index || RANK[one.kind] - RANK[other.kind] || copyOf(one) - copyOf(other));
  return merge ? merged(steps) : steps;
}

function copyOf(step: Step): number {
  return step.kind === "sent" ? NONE : step.copy;
}

function stepsOfMessage(message: Message, index: number, steps: Step[]): void {
  steps.push({ kind: "sent", at: message.published, index, received: [] });
  message.copies.forEach((copy, place) => {
    copy.attempts.forEach((attempt, number) => steps.push({ kind: "delivered", at: attempt.at, index, copy: place, attempt: number }));
    if (copy.death) steps.push({ kind: "died", at: diedAt(message, copy, copy.death), index, copy: place });
  });
}

/** Return when a copy died as far as is known: its death, else the last that was seen of it before. */
export function diedAt(message: Message, copy: Copy, death: Death): number {
  const last = copy.attempts.at(-1);
  return death.at ?? (last ? last.at + (last.processing ?? 0) : (copy.enqueued ?? message.published));
}

function merged(steps: readonly Step[]): Step[] {
  const left: Step[] = [];
  for (const step of steps) {
    const before = left.at(-1);
    if (step.kind === "delivered" && step.attempt === 0 && before?.kind === "sent" && before.index === step.index) {
      left[left.length - 1] = { ...before, received: [...before.received, step.copy] };
    } else {
      left.push(step);
    }
  }
  return left;
}

/** Return the step of each message at which it was sent. */
export function sentAt(steps: readonly Step[]): Map<number, number> {
  return new Map(steps.flatMap((step, place) => (step.kind === "sent" ? [[step.index, place] as const] : [])));
}

/** Return the copies that a dead copy went on as: those that came to their queues by dead-lettering when it died. */
export function wentOnAs(message: Message, place: number): Copy[] {
  const dead = message.copies[place];
  if (!dead?.death) return [];
  const died = diedAt(message, dead, dead.death);
  const after = message.copies.filter((copy) => copy.origin === "dead-letter" && copy !== dead && (copy.enqueued ?? Number.POSITIVE_INFINITY) >= died);
  const first = Math.min(...after.map((copy) => copy.enqueued ?? Number.POSITIVE_INFINITY));
  return after.filter((copy) => copy.enqueued === first);
}

/** Return the queues that a dead copy went on to: as the broker routed it, else those it is seen in afterwards. */
export function wentOnTo(message: Message, place: number): readonly Text[] {
  const routed = message.copies[place]?.death?.to ?? [];
  return routed.length ? routed : wentOnAs(message, place).map((copy) => copy.queue);
}

/** Return whether a copy came back by dead-lettering to a queue that the message was in before. */
export function returned(message: Message, place: number): boolean {
  const copy = message.copies[place];
  if (copy?.origin !== "dead-letter") return false;
  return message.copies.slice(0, place).some((earlier) => sameName(earlier.queue, copy.queue));
}
