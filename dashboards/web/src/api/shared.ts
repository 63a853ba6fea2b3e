// What several screens ask.
import { queryOptions } from "@tanstack/react-query";
import { asking } from "./asking";
import { client, told } from "./client";

export const captureQuery = (refreshMs: number | false) =>
  asking(["capture"], (signal) => client.GET("/api/v1/capture", { signal }), refreshMs);

export const topologyQuery = (refreshMs: number | false) =>
  asking(["topology"], (signal) => client.GET("/api/v1/topology", { signal }), refreshMs);

export const queuesQuery = (refreshMs: number | false) =>
  asking(["queues"], (signal) => client.GET("/api/v1/queues", { signal }), refreshMs);

export const servicesQuery = (refreshMs: number | false) =>
  asking(["services"], (signal) => client.GET("/api/v1/services", { signal }), refreshMs);

export const deadLettersQuery = (timers: boolean, refreshMs: number | false) =>
  asking(["dead-letters", timers], (signal) => client.GET("/api/v1/dead-letters", { params: { query: { timers } }, signal }), refreshMs);

export const deadLetterGroupQuery = (id: string, refreshMs: number | false) =>
  asking(["dead-letters", "group", id], (signal) => client.GET("/api/v1/dead-letters/{id}", { params: { path: { id } }, signal }), refreshMs);

export const messageQuery = (uid: string) =>
  asking(["message", uid], (signal) => client.GET("/api/v1/messages/{uid}", { params: { path: { uid } }, signal }));

/** The message itself, asked again as what becomes of it is seen; another message is never shown in its place. */
export const liveMessage = (uid: string, refreshMs: number | false) => ({ ...messageQuery(uid), refetchInterval: refreshMs, placeholderData: undefined });

/** The bytes of a body as the log keeps them; they never change. */
export const bytesQuery = (uid: string) =>
  queryOptions({
    queryKey: ["bytes", uid],
    queryFn: async ({ signal }) => {
      const found = await told(client.GET("/api/v1/messages/{uid}/body", { params: { path: { uid } }, parseAs: "arrayBuffer", signal }) as Promise<{ data?: ArrayBuffer; error?: unknown; response: Response }>);
      return new Uint8Array(found);
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Whether a key is needed, and who asks; asked again whenever an answer says that nobody is known. */
export const sessionQuery = () => ({ ...asking(["session"], (signal) => client.GET("/api/v1/session", { signal })), staleTime: Number.POSITIVE_INFINITY });
