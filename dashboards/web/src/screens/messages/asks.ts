// What the screen asks of the API: the list page by page, the histogram, the facets, and how many came since.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, type Schemas, told } from "@/api/client";
import { asksWith } from "@/api/refusals";
import { all, inRange } from "@/model/query";
import { rowOf, type Row } from "./rows";
import type { SortName } from "./search";

const FIRST_PAGE = 100;
const PAGE = 300;
const VALUES = 30;

export type Asked = { q: string; since: string | undefined; until: string | undefined };
export type ListPage = { rows: Row[]; total: number; totalIs: "exact" | "at_least"; position: string; gaps: Schemas["GapOut"][]; next: string | null; askedAt: number };

/** Return the query with the range of time in it. */
export function textOf({ q, since, until }: Asked): string {
  return all(q, inRange(since, until));
}

export const listQuery = (asked: Asked, sort: SortName) =>
  infiniteQueryOptions({
    queryKey: ["messages", "list", textOf(asked), sort],
    queryFn: async ({ pageParam, signal }): Promise<ListPage> => {
      const query = pageParam === "" ? { q: textOf(asked), sort, limit: FIRST_PAGE } : { q: textOf(asked), sort, limit: PAGE, cursor: pageParam };
      const page = await told(client.GET("/api/v1/messages", { params: { query }, signal }));
      return { rows: page.items.map(rowOf), total: page.total, totalIs: page.total_is, position: page.position, gaps: page.not_captured, next: page.next, askedAt: Date.now() };
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    // The list stays as it was asked, so that nothing moves under the eyes; what is new is counted beside it.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });

export const newerQuery = (asked: Asked, position: string, refreshMs: number | false) =>
  queryOptions({
    queryKey: ["messages", "newer", textOf(asked), position],
    queryFn: ({ signal }) => told(client.GET("/api/v1/messages", { params: { query: { q: all(textOf(asked), `position:>=${position}`), limit: 1 } }, signal })).then(({ total, total_is }) => ({ total, total_is })),
    refetchInterval: refreshMs,
    enabled: refreshMs !== false,
  });

export const histogramQuery = ({ q, since, until }: Asked, buckets: number, refreshMs: number | false) =>
  queryOptions({
    queryKey: ["messages", "histogram", q, since, until, buckets],
    meta: asksWith(q),
    queryFn: ({ signal }) => told(client.GET("/api/v1/messages/histogram", { params: { query: { q, by: "state", buckets, ...(since ? { since } : {}), ...(until ? { until } : {}) } }, signal })),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: refreshMs,
    refetchOnWindowFocus: false,
  });

export const facetsQuery = (text: string, fields: readonly string[], refreshMs: number | false, prefix = "") =>
  queryOptions({
    queryKey: ["messages", "facets", text, fields, prefix],
    queryFn: ({ signal }) => told(client.GET("/api/v1/messages/facets", { params: { query: { q: text, field: [...fields], size: VALUES, prefix } }, signal })),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: refreshMs,
    refetchOnWindowFocus: false,
  });

/** How many messages match, and the first of them in the order of *sort*. */
export const firstQuery = (text: string, sort: "-published_at" | "published_at", enabled: boolean) =>
  queryOptions({
    queryKey: ["messages", "first", text, sort],
    queryFn: ({ signal }) =>
      told(client.GET("/api/v1/messages", { params: { query: { q: text, sort, limit: 1 } }, signal })).then((page) => ({ total: page.total, totalIs: page.total_is, at: page.items[0]?.published_at ?? null })),
    enabled,
    retry: false,
  });
