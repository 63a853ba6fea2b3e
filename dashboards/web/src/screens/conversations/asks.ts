// What the screens of conversations ask: the list of them, and all messages of one in light form, 10,000 at once.
import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";
import { client, told } from "@/api/client";
import { asksWith, isRefused } from "@/api/refusals";
import type { ConversationsSearch } from "./search";

const MESSAGES_AT_ONCE = 10_000;
const CONVERSATIONS_AT_ONCE = 50;

/** The pages of the conversation *traceId*, as it stands in the address. */
export const outlineQuery = (traceId: string) =>
  infiniteQueryOptions({
    queryKey: ["outline", traceId],
    queryFn: ({ signal, pageParam }) =>
      told(
        client.GET("/api/v1/traces/{trace_id}/outline", {
          params: { path: { trace_id: traceId }, query: { limit: MESSAGES_AT_ONCE, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
  });

/** The conversations that match, page by page; with *refreshMs* those that are shown are asked again that often. */
export const conversationsQuery = ({ q, order, since, until }: ConversationsSearch, refreshMs: number | false) =>
  infiniteQueryOptions({
    queryKey: ["conversations", q, order, since, until],
    meta: asksWith(q ?? ""),
    queryFn: ({ signal, pageParam }) =>
      told(
        client.GET("/api/v1/conversations", {
          params: {
            query: { limit: CONVERSATIONS_AT_ONCE, ...(q ? { q } : {}), ...(order ? { sort: `-${order}` } : {}), ...(since ? { since } : {}), ...(until ? { until } : {}), ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    // Every page is asked again: what was loaded on demand is not, nor is what was refused.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 || isRefused(state.error) ? false : refreshMs),
    placeholderData: keepPreviousData,
  });
