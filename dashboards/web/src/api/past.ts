// The system as of a time: followed as it is now, or worked out for then, which may take a while and says how far it is.
import { useQuery } from "@tanstack/react-query";
import { useRefresh } from "@/app/preferences";
import { asking } from "./asking";
import { client, Problem } from "./client";
import { askAgain } from "./queries";
import { captureQuery, deadLetterGroupQuery, deadLettersQuery, queuesQuery, servicesQuery, topologyQuery } from "./shared";

const AGAIN_MS = 1000;

/** Return whether an error says that an answer is being worked out. */
export function isBeingComputed(error: unknown): error is Problem {
  return error instanceof Problem && error.status === 503 && error.type.endsWith("not-computed-yet");
}

/** How far an answer is worked out: the events folded, all there are to fold, and the seconds that takes at the pace so far. */
type Progress = { folded: number; toFold: number; leftS: number | null };

/** Return how far the answer of an error is worked out; null when it does not say. */
export function progressOf(error: unknown): Progress | null {
  if (!isBeingComputed(error)) return null;
  const { folded, to_fold: toFold, left_s: leftS } = error.body;
  return typeof folded === "number" && typeof toFold === "number" ? { folded, toFold, leftS: typeof leftS === "number" ? leftS : null } : null;
}

/** Return the query *call* of what was at *at*: it does not change any more, and is asked for again until it is worked out. */
function then<T>(name: string, at: string | undefined, call: Parameters<typeof asking<T>>[1]) {
  return {
    ...asking(["then", name, at], call),
    enabled: at !== undefined,
    placeholderData: undefined,
    staleTime: Number.POSITIVE_INFINITY,
    retry: (failures: number, error: Error) => isBeingComputed(error) || askAgain(failures, error),
    retryDelay: AGAIN_MS,
  };
}

/** Return what *was*, with *at*, or followed as it *is* now. */
function useEither<T>(at: string | undefined, is: ReturnType<typeof asking<T>>, was: ReturnType<typeof then<T>>) {
  const now = useQuery({ ...is, enabled: at === undefined });
  const past = useQuery(was);
  return at === undefined ? now : past;
}

const query = (at: string | undefined) => ({ query: at === undefined ? {} : { at } });

/** Return the topology as of *at*, or followed as it is now. */
export function useTopologyAt(at: string | undefined) {
  return useEither(at, topologyQuery(useRefresh()), then("topology", at, (signal) => client.GET("/api/v1/topology", { params: query(at), signal })));
}

/** Return the services as of *at*, or followed as they are now. */
export function useServicesAt(at: string | undefined) {
  return useEither(at, servicesQuery(useRefresh()), then("services", at, (signal) => client.GET("/api/v1/services", { params: query(at), signal })));
}

/** Return the queues as of *at*, or followed as they are now. */
export function useQueuesAt(at: string | undefined) {
  return useEither(at, queuesQuery(useRefresh()), then("queues", at, (signal) => client.GET("/api/v1/queues", { params: query(at), signal })));
}

/** Return the state of capture as of *at*, or followed as it is now. */
export function useCaptureAt(at: string | undefined) {
  return useEither(at, captureQuery(useRefresh()), then("capture", at, (signal) => client.GET("/api/v1/capture", { params: query(at), signal })));
}

/** Return the groups of dead letters with the timers, as of *at*, or followed as they are now. */
export function useDeadLettersAt(at: string | undefined) {
  const call = (signal: AbortSignal) => client.GET("/api/v1/dead-letters", { params: { query: { timers: true, ...query(at).query } }, signal });
  return useEither(at, deadLettersQuery(true, useRefresh()), then("dead-letters", at, call));
}

/** Return one group of dead letters as of *at*, or followed as it is now; another group is never shown in its place. */
export function useDeadLetterGroupAt(id: string, at: string | undefined) {
  const call = (signal: AbortSignal) => client.GET("/api/v1/dead-letters/{id}", { params: { path: { id }, ...query(at) }, signal });
  return useEither(at, { ...deadLetterGroupQuery(id, useRefresh()), placeholderData: undefined }, then(`dead-letters/${id}`, at, call));
}
