// What the pages about dead letters and retries ask of the API.
import { infiniteQueryOptions } from "@tanstack/react-query";
import { asking, whileOnePage } from "@/api/asking";
import { client, told } from "@/api/client";
import type { Fate } from "@/model/deaths";

const MESSAGES = 50;
const TRAIL = 50;

export const groupMessagesQuery = (id: string, state: Fate | undefined, refreshMs: number | false) =>
  infiniteQueryOptions({
    queryKey: ["dead-letters", "messages", id, state ?? ""],
    queryFn: ({ pageParam, signal }) =>
      told(client.GET("/api/v1/dead-letters/{id}/messages", {
        params: { path: { id }, query: { limit: MESSAGES, ...(state ? { state } : {}), ...(pageParam === "" ? {} : { cursor: pageParam }) } }, signal,
      })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    refetchInterval: whileOnePage(refreshMs),
  });

export const retriesQuery = (refreshMs: number | false) => asking(["retries"], (signal) => client.GET("/api/v1/retries", { signal }), refreshMs);

export const retryQuery = (id: string, refreshMs: (state: string | undefined) => number | false) => ({
  ...asking(["retries", id], (signal) => client.GET("/api/v1/retries/{id}", { params: { path: { id } }, signal })),
  placeholderData: undefined,
  refetchInterval: (query: { state: { data?: { state: string } | undefined } }) => refreshMs(query.state.data?.state),
});

export const trailQuery = (about: string, refreshMs: number | false) =>
  asking(["operations", about], (signal) => client.GET("/api/v1/operations", { params: { query: { about, limit: TRAIL } }, signal }), refreshMs);

/** The states of the copies that a retry published. */
export const copiesQuery = (id: string, refreshMs: number | false) =>
  asking(["retries", id, "copies"], (signal) => client.GET("/api/v1/messages/facets", { params: { query: { field: ["state"], q: copiesOf(id) } }, signal }), refreshMs);

/** Return a query for the copies that the retry *id* published. */
export function copiesOf(id: string): string {
  return `header.x-hoptrail-retry:${id}*`;
}
