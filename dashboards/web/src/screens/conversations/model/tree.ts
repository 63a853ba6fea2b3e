// What caused what in a conversation: messages under the one believed to have caused them.
import { messagesOf, type LightMessage, type Message } from "./light";

/** The index of no message. */
export const NONE = -1;

/** Messages are named by their index in `messages`, which is in the order of publishing. */
export type Conversation = {
  messages: readonly Message[];
  indexOf: ReadonlyMap<string, number>;
  /** The parent of each message; NONE for a root. */
  parents: Int32Array;
  /** The children of each message, in the order of publishing. */
  children: readonly (readonly number[])[];
  /** Those without a parent, those whose parent is not among the messages, and one of each circle. */
  roots: readonly number[];
  /** How many messages stand above each. */
  depths: Int32Array;
  /** How many name a parent that is not here: in another conversation, not retained, or not loaded. */
  orphans: number;
  /** The first and the last time that is known of it, ms since 1970. */
  started: number;
  ended: number;
};

/** Return the conversation that *items* are; its order does not depend on theirs. */
export function conversationOf(items: readonly LightMessage[]): Conversation {
  const messages = messagesOf(items);
  const indexOf = new Map(messages.map((message, index) => [message.uid, index]));
  const named = Int32Array.from(messages, (message) => (message.link ? (indexOf.get(message.link.uid) ?? NONE) : NONE));
  const parents = withoutCircles(named);
  const children: number[][] = messages.map(() => []);
  const roots: number[] = [];
  parents.forEach((parent, index) => (parent === NONE ? roots : (children[parent] ?? roots)).push(index));
  return {
    messages,
    indexOf,
    parents,
    children,
    roots,
    depths: depthsOf(roots, children),
    orphans: messages.filter((message) => message.link && !indexOf.has(message.link.uid)).length,
    started: messages[0]?.published ?? 0,
    ended: messages.reduce((last, message) => Math.max(last, message.end), 0),
  };
}

/** Return *named* with the first message of every circle made a root, so that each walk to the top ends. */
function withoutCircles(named: Int32Array): Int32Array {
  const parents = named.slice();
  const reached = new Int32Array(named.length).fill(NONE);
  for (let start = 0; start < parents.length; start += 1) {
    let at = start;
    while (at !== NONE && reached[at] === NONE) {
      reached[at] = start;
      at = parents[at] ?? NONE;
    }
    if (at !== NONE && reached[at] === start) parents[firstOf(parents, at)] = NONE;
  }
  return parents;
}

function firstOf(parents: Int32Array, start: number): number {
  let first = start;
  for (let at = parents[start] ?? start; at !== start; at = parents[at] ?? start) first = Math.min(first, at);
  return first;
}

function depthsOf(roots: readonly number[], children: readonly (readonly number[])[]): Int32Array {
  const depths = new Int32Array(children.length);
  const pending = [...roots];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const child of children[at] ?? []) {
      depths[child] = (depths[at] ?? 0) + 1;
      pending.push(child);
    }
  }
  return depths;
}

/** Return the messages with every one before what it caused; *next* tells which of its children to follow, in order. */
export function walk(roots: readonly number[], next: (index: number) => readonly number[]): number[] {
  const found: number[] = [];
  const pending = roots.toReversed();
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    found.push(at);
    const below = next(at);
    for (let child = below.length - 1; child >= 0; child -= 1) pending.push(below[child] ?? NONE);
  }
  return found;
}

/** Return the first and the last time that is known of message *index* and of all that it caused, ms since 1970. */
export function timesOf({ messages, children }: Conversation, index: number): [number, number] {
  const all = walk([index], (at) => children[at] ?? []).flatMap((at) => messages[at] ?? []);
  return [all.reduce((first, each) => Math.min(first, each.published), Number.POSITIVE_INFINITY), all.reduce((last, each) => Math.max(last, each.end), 0)];
}
