// The search parameters of a message's page: the open tab, how the body is shown, and which page of its bytes.
import { type Kept, kept, oneOf, type Search, wholeOf } from "@/app/search";
import { type BodyView, VIEWS } from "@/model/body";

export const TABS = ["body", "headers", "facts", "why"] as const;

export type Tab = (typeof TABS)[number];
export type MessageSearch = Kept & { tab?: Tab; as?: BodyView; bytes?: number };

const PAGE_MAX = 1_000_000;

export const messageSearch = (search: Search): MessageSearch => ({
  ...kept(search),
  tab: oneOf(search, "tab", TABS),
  as: oneOf(search, "as", VIEWS),
  bytes: wholeOf(search, "bytes", 1, PAGE_MAX),
});
