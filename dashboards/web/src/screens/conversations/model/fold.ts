// Folds what repeats: siblings whose whole subtrees are alike are shown once, as `× 120`.
import { type Text, toParam } from "@/model/names";
import type { Copy, Message } from "./light";
import { type Conversation, NONE, walk } from "./tree";

/** So many alike siblings are folded; fewer are shown. */
export const FOLD_LEAST = 3;

export type Group = { members: readonly number[] };

export type Folded = {
  /** The messages shown, each before what it caused. */
  order: readonly number[];
  /** Of each message shown, how many it stands for within its siblings: 1 for itself alone. */
  times: Int32Array;
  /** Of each message whether it is shown. */
  shown: Uint8Array;
  /** The groups of alike siblings by their first member, folded or opened. */
  groups: ReadonlyMap<number, Group>;
  /** The children shown of each message shown. */
  below: (index: number) => readonly number[];
};

/** Return what numbers and ids in *text* are left of it: names that differ in these only are of one pattern. */
export function patternOf(text: Text | null): string {
  if (text === null) return "";
  return toParam(text).replace(/[0-9a-f]{8}-[0-9a-f-]{27}|(?<![A-Za-z])[0-9a-f]{16,}(?![A-Za-z])|\d+/gi, "*");
}

function copyPattern(copy: Copy): string {
  const attempts = copy.attempts.map((attempt) => `${attempt.consumer ?? ""}${attempt.redelivered ? "+" : ""}`);
  return [patternOf(copy.queue), copy.state, copy.origin, copy.death?.reason ?? "", ...attempts].join("\u0001");
}

function messagePattern(message: Message): string {
  const own = [message.publisher ?? "", toParam(message.exchange), patternOf(message.key), patternOf(message.type), message.state, String(message.observed)];
  return [...own, ...message.copies.map(copyPattern)].join("\u0000");
}

/** Return a number for each message: equal for those whose subtrees are alike by who published where, what type, who got it, and how it ended. */
export function signatures(conversation: Conversation): Int32Array {
  const { messages, children, roots } = conversation;
  const known = new Map<string, number>();
  const found = new Int32Array(messages.length);
  const order = walk(roots, (index) => children[index] ?? []);
  for (let at = order.length - 1; at >= 0; at -= 1) {
    const index = order[at] ?? NONE;
    const message = messages[index];
    if (!message) continue;
    const below = (children[index] ?? []).map((child) => found[child] ?? 0).toSorted((one, other) => one - other);
    const pattern = `${messagePattern(message)}\u0002${below.join(",")}`;
    const number = known.get(pattern) ?? known.size;
    known.set(pattern, number);
    found[index] = number;
  }
  return found;
}

function grouped(siblings: readonly number[], marks: Int32Array): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const index of siblings) {
    const mark = marks[index] ?? NONE;
    const group = groups.get(mark);
    if (group) group.push(index);
    else groups.set(mark, [index]);
  }
  return groups;
}

/** Return what is shown of a conversation when alike siblings are folded, except the groups whose first member *open* holds; all of them for "all". */
export function foldOf(conversation: Conversation, marks: Int32Array, open: ReadonlySet<string> | "all"): Folded {
  const { messages, children, roots } = conversation;
  const times = new Int32Array(messages.length).fill(1);
  const shown = new Uint8Array(messages.length);
  const groups = new Map<number, Group>();
  const kept = new Map<number, readonly number[]>();
  const keep = (siblings: readonly number[]): readonly number[] => {
    if (siblings.length < FOLD_LEAST) return siblings;
    const left: number[] = [];
    for (const members of grouped(siblings, marks).values()) {
      const first = members[0] ?? NONE;
      if (members.length >= FOLD_LEAST) groups.set(first, { members });
      if (members.length < FOLD_LEAST || open === "all" || open.has(messages[first]?.uid ?? "")) {
        left.push(...members);
      } else {
        times[first] = members.length;
        left.push(first);
      }
    }
    return left.toSorted((one, other) => one - other);
  };
  const below = (index: number): readonly number[] => {
    const held = kept.get(index) ?? keep(children[index] ?? []);
    kept.set(index, held);
    return held;
  };
  const order = walk(keep(roots), below);
  for (const index of order) shown[index] = 1;
  return { order, times, shown, groups, below };
}

/** Return the first members of the groups that have to be opened for message *index* to be shown, outermost first. */
export function groupsToOpen(conversation: Conversation, marks: Int32Array, index: number): number[] {
  const { parents, children, roots } = conversation;
  const found: number[] = [];
  for (let at = index; at !== NONE; at = parents[at] ?? NONE) {
    const parent = parents[at] ?? NONE;
    const siblings = parent === NONE ? roots : (children[parent] ?? []);
    const alike = siblings.filter((sibling) => marks[sibling] === marks[at]);
    if (alike.length >= FOLD_LEAST && alike[0] !== at) found.unshift(alike[0] ?? at);
  }
  return found;
}
