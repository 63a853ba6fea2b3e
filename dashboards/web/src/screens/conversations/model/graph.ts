// The causal graph of a conversation as it is drawn: at most so many nodes that it can be read, and told when it is not all.
import { failed } from "./light";
import type { Folded } from "./fold";
import { type Conversation, NONE } from "./tree";

/** So many nodes are drawn; a conversation of more is drawn folded. */
export const NODES_MAX = 300;
export const NODE_WIDTH = 184;
export const NODE_HEIGHT = 44;

export type Drawn = { nodes: readonly number[]; edges: readonly (readonly [number, number])[]; folded: boolean; left: number };
export type Laid = { width: number; height: number; nodes: readonly { index: number; x: number; y: number }[]; edges: readonly { from: number; to: number; points: readonly { x: number; y: number }[] }[] };
export type ToLay = { nodes: readonly number[]; edges: readonly (readonly [number, number])[] };

/** Return what to draw: all messages when they are few enough, else those that *folded* shows; of too many, those nearest to the roots, failures first. */
export function drawnOf(conversation: Conversation, folded: Folded): Drawn {
  const whole = conversation.messages.length <= NODES_MAX;
  const shown = whole ? conversation.messages.map((_, index) => index) : folded.order;
  const nodes = shown.length <= NODES_MAX ? shown : nearest(conversation, shown);
  const within = new Set(nodes);
  const edges = nodes.flatMap((index) => {
    const parent = conversation.parents[index] ?? NONE;
    return within.has(parent) ? [[parent, index] as const] : [];
  });
  return { nodes, edges, folded: !whole, left: shown.length - nodes.length };
}

/** Return so many of *shown* that can be drawn, each with all that is above it. */
function nearest(conversation: Conversation, shown: readonly number[]): number[] {
  const { messages, depths, parents } = conversation;
  const rank = (index: number) => {
    const message = messages[index];
    return message && failed(message) ? 0 : 1;
  };
  const ordered = shown.toSorted((one, other) => rank(one) - rank(other) || (depths[one] ?? 0) - (depths[other] ?? 0) || one - other);
  const kept = new Set<number>();
  for (const index of ordered) {
    const chain: number[] = [];
    for (let at = index; at !== NONE && !kept.has(at) && chain.length <= NODES_MAX; at = parents[at] ?? NONE) chain.push(at);
    if (kept.size + chain.length <= NODES_MAX) for (const at of chain) kept.add(at);
    if (kept.size >= NODES_MAX) break;
  }
  return [...kept].toSorted((one, other) => one - other);
}
