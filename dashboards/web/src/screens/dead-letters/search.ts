// The search parameters of the pages about dead letters.
import { type Kept, kept, oneOf, type Search, textOf } from "@/app/search";
import { type Fate, FATES } from "@/model/deaths";

export type DeadLettersSearch = Kept & { state?: Fate; words?: string; vhost?: string; timers?: "1" };
export type DeadLetterGroupSearch = Kept & { state?: Fate };

export const deadLettersSearch = (search: Search): DeadLettersSearch => ({
  ...kept(search),
  state: oneOf(search, "state", FATES),
  words: textOf(search, "words"),
  vhost: textOf(search, "vhost"),
  timers: oneOf(search, "timers", ["1"]),
});

export const deadLetterGroupSearch = (search: Search): DeadLetterGroupSearch => ({ ...kept(search), state: oneOf(search, "state", FATES) });
