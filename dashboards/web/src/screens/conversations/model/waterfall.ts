// The bars of a waterfall: of each message the time in queues and the time it was worked on, and the chain that determined the end.
import type { Message } from "./light";
import { type Conversation, NONE } from "./tree";

/** `from` and `until` in ms since 1970. Work is an estimate; a wait is open when the message still waits. */
export type Part = { kind: "wait" | "work"; from: number; until: number; open: boolean; consumer: string | null };
export type Bar = { queue: Message["copies"][number]["queue"]; parts: readonly Part[]; delivered: readonly number[]; died: number | null };

/** Return a bar for each copy of a message; what still waits at *ended* is open until then. */
export function barsOf(message: Message, ended: number): Bar[] {
  return message.copies.map((copy) => {
    const first = copy.attempts[0];
    const parts: Part[] = [];
    const from = copy.enqueued ?? message.published;
    if (first && first.at >= from) parts.push({ kind: "wait", from, until: first.at, open: false, consumer: first.consumer });
    if (!first && copy.state === "waiting") parts.push({ kind: "wait", from, until: Math.max(ended, from), open: true, consumer: null });
    if (!first && copy.death?.at && copy.death.at >= from) parts.push({ kind: "wait", from, until: copy.death.at, open: false, consumer: null });
    for (const { at, processing, consumer } of copy.attempts) {
      if (processing !== null) parts.push({ kind: "work", from: at, until: at + processing, open: false, consumer });
    }
    return { queue: copy.queue, parts, delivered: copy.attempts.map((attempt) => attempt.at), died: copy.death?.at ?? null };
  });
}

/** The chain that determined the end; `waited`, `worked` and `rest` in ms add up to `all`. `worked` is an estimate. */
export type CriticalPath = { chain: readonly number[]; on: ReadonlySet<number>; waited: number; worked: number; rest: number; all: number };

/** Return the chain of causes from a root to the message whose end was last. */
export function criticalPath(conversation: Conversation): CriticalPath {
  const { messages, parents } = conversation;
  let last = NONE;
  messages.forEach((message, index) => {
    if (last === NONE || message.end > (messages[last]?.end ?? 0)) last = index;
  });
  const chain: number[] = [];
  for (let at = last; at !== NONE; at = parents[at] ?? NONE) chain.unshift(at);
  let [waited, worked] = [0, 0];
  chain.forEach((index, place) => {
    const message = messages[index];
    const next = messages[chain[place + 1] ?? NONE];
    if (!message) return;
    const told = shareOf(message, next);
    waited += told.waited;
    worked += told.worked;
  });
  const all = Math.max((messages[last]?.end ?? 0) - (messages[chain[0] ?? NONE]?.published ?? 0), 0);
  return { chain, on: new Set(chain), waited, worked, rest: Math.max(all - waited - worked, 0), all };
}

/** Return what of the time from a message to the *next* of the chain, or to its own end, was waiting and what work. */
function shareOf(message: Message, next: Message | undefined): { waited: number; worked: number } {
  const until = next ? next.published : message.end;
  if (until <= message.published) return { waited: 0, worked: 0 };
  const deliveries = message.copies.flatMap((copy) => copy.attempts.filter((attempt) => attempt.at <= until).map((attempt) => ({ ...attempt, copy })));
  const by = next ? deliveries.filter((delivery) => delivery.consumer === next.publisher) : deliveries;
  const last = (by.length ? by : deliveries).reduce<(typeof deliveries)[number] | undefined>((found, each) => (!found || each.at > found.at ? each : found), undefined);
  if (!last) return { waited: message.copies.length ? until - message.published : 0, worked: 0 };
  const from = Math.max(last.copy.enqueued ?? message.published, message.published);
  const waited = Math.max(Math.min(last.at, until) - from, 0);
  return { waited, worked: Math.max(until - Math.max(last.at, message.published), 0) };
}
