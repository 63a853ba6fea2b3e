// What every view of a conversation draws from: the messages, what of them is shown, and the one that is looked at.
import type { Zone } from "@/model/time";
import type { Facts } from "./model/facts";
import type { Folded } from "./model/fold";
import type { Gap } from "./model/gaps";
import type { Conversation } from "./model/tree";
import type { CriticalPath } from "./model/waterfall";

export type Scene = {
  conversation: Conversation;
  folded: Folded;
  facts: Facts;
  gaps: readonly Gap[];
  path: CriticalPath;
  /** The messages in which what is searched for stands. */
  found: ReadonlySet<number>;
  zone: Zone;
  /** The index of the message that is looked at; NONE for none. */
  selected: number;
  select: (index: number) => void;
  /** Open a folded group of repeats by its first member, or fold it again. */
  toggle: (first: number) => void;
  openMessage: (index: number) => void;
};
