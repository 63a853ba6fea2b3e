// The search parameters of the list of messages.
import { type Kept, kept, oneOf, type Search, textOf } from "@/app/search";
import { COLUMN_NAMES, type ColumnName } from "./columns";

export const SORTS = ["-published_at", "published_at", "-latency_ms", "latency_ms", "-body.size", "body.size", "-retry_rounds"] as const;
export type SortName = (typeof SORTS)[number];

/** `q` the query, `sel` the uid of the message in the panel, `live` whether new ones appear, `cols` the columns, `sort` their order. */
export type MessagesSearch = Kept & { q?: string; sel?: string; live?: "1"; cols?: string; sort?: SortName };

export function messagesSearch(search: Search): MessagesSearch {
  return {
    ...kept(search),
    q: textOf(search, "q"),
    sel: textOf(search, "sel"),
    live: oneOf(search, "live", ["1"]),
    cols: colsOf(textOf(search, "cols"))?.join(","),
    sort: oneOf(search, "sort", SORTS),
  };
}

/** Return the columns that *cols* names, in the order of the table; undefined when it names none. */
export function colsOf(cols: string | undefined): ColumnName[] | undefined {
  const asked = new Set(cols?.split(","));
  const found = COLUMN_NAMES.filter((name) => asked.has(name));
  return found.length > 0 ? found : undefined;
}
