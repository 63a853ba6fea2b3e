// The search parameters of the conversations' addresses.
import { type Kept, kept, oneOf, type Search, textOf } from "@/app/search";

export const VIEWS = ["sequence", "waterfall", "graph", "list"] as const;
export type View = (typeof VIEWS)[number];

/** By what the list is ordered, the largest first; the newest message when none is given. */
export const ORDERS = ["started_at", "messages", "duration_ms", "failures"] as const;
export type Order = (typeof ORDERS)[number];

export type ConversationsSearch = Kept & { q?: string; order?: Order };
export type ConversationSearch = Kept & { view?: View; sel?: string; open?: string; scale?: "time"; queues?: "1"; find?: string; zoom?: string };

export const conversationsSearch = (search: Search): ConversationsSearch => ({ ...kept(search), q: textOf(search, "q"), order: oneOf(search, "order", ORDERS) });

/** `sel` is the uid of the message that is looked at; `open` the groups of repeats that are open, by the uid of their first, or `all`;
 * `scale` and `queues` are of the sequence; `find` is searched for within the conversation;
 * the time of the waterfall is that of message `zoom` and of all it caused. */
export const conversationSearch = (search: Search): ConversationSearch => ({
  ...kept(search),
  view: oneOf(search, "view", VIEWS),
  sel: textOf(search, "sel"),
  open: textOf(search, "open"),
  scale: oneOf(search, "scale", ["time"] as const),
  queues: oneOf(search, "queues", ["1"] as const),
  find: textOf(search, "find"),
  zoom: textOf(search, "zoom"),
});
