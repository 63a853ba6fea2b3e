// The search parameters of these addresses.
import { type Kept, kept, type Search, textOf } from "@/app/search";

export type QueuesSearch = Kept & {
  /** What the name contains. */
  name?: string;
  sort?: string;
};
export type QueueSearch = Kept & {
  /** Only what waits, not what was handed out. */
  waiting?: true;
};

export const queuesSearch = (search: Search): QueuesSearch => ({ ...kept(search), name: textOf(search, "name"), sort: textOf(search, "sort") });
export const queueSearch = (search: Search): QueueSearch => ({ ...kept(search), waiting: search["waiting"] ? true : undefined });
