// What the page of a message asks of the API.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { asking } from "@/api/asking";
import { client, told } from "@/api/client";
import { all, is } from "@/model/query";

const EFFECTS = 50;
const FACTS = 50;

export const effectsQuery = (uid: string, refreshMs: number | false) => ({
  ...asking(["effects", uid], (signal) => client.GET("/api/v1/messages/{uid}/effects", { params: { path: { uid }, query: { limit: EFFECTS } }, signal }), refreshMs),
  placeholderData: undefined,
});

/** How many messages of a conversation were published up to a time, and how many there are in all. */
export const placeQuery = (traceId: string, publishedAt: string, refreshMs: number | false) =>
  queryOptions({
    queryKey: ["place", traceId, publishedAt],
    queryFn: async ({ signal }) => {
      const counted = (q: string) => told(client.GET("/api/v1/messages", { params: { query: { q, limit: 1, exact_total: true } }, signal }));
      const [whole, upTo] = await Promise.all([counted(is("trace_id", traceId)), counted(all(is("trace_id", traceId), `published_at:<="${publishedAt}"`))]);
      return { place: upTo.total, total: whole.total };
    },
    enabled: traceId !== "",
    refetchInterval: refreshMs,
  });

export const factsQuery = (uid: string) =>
  infiniteQueryOptions({
    queryKey: ["facts", uid],
    queryFn: ({ pageParam, signal }) =>
      told(client.GET("/api/v1/messages/{uid}/events", { params: { path: { uid }, query: { limit: FACTS, ...(pageParam === "" ? {} : { cursor: pageParam }) } }, signal })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
