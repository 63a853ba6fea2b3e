// What a screen asks of the API, as options for TanStack Query: the key, how to ask, and how often again.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { told } from "./client";

type Call<T> = (signal: AbortSignal) => Promise<{ data?: T; error?: unknown; response: Response }>;

/** Return the options of a query that asks *call*; with *refreshMs* it is asked again that often while the page is looked at. */
export function asking<T>(key: readonly unknown[], call: Call<T>, refreshMs: number | false = false) {
  return queryOptions({
    queryKey: key,
    queryFn: ({ signal }) => told(call(signal)),
    refetchInterval: refreshMs,
    placeholderData: keepPreviousData,
  });
}

/** Return how often a list is asked again: never once more of it was loaded on demand, since that is asked page by page each time. */
export function whileOnePage(refreshMs: number | false) {
  return ({ state }: { state: { data?: { pages: readonly unknown[] } | undefined } }): number | false => ((state.data?.pages.length ?? 0) > 1 ? false : refreshMs);
}
