// What the API could not understand of a query, as it told whoever asked with it: who shows the query needs not ask again.
import { notifyManager, type QueryCache, useQueryClient } from "@tanstack/react-query";
import { useCallback, useSyncExternalStore } from "react";
import { Problem } from "./client";

const QUERY_INVALID = "urn:hoptrail:problem:query-invalid";

/** Return what marks an answer as one to *q* as it was typed, so that the place of an error in it is a place in *q*. */
export const asksWith = (q: string) => ({ q });

/** Return whether the API could not understand a query. */
export function isRefused(error: Error | null): error is Problem {
  return error instanceof Problem && error.type === QUERY_INVALID;
}

/** Return what the API could not understand in *q*; null when it did, or when nobody has asked. */
export function refusalIn(answers: QueryCache, q: string): Problem | null {
  for (const { meta, state } of q === "" ? [] : answers.getAll()) {
    if (meta?.["q"] === q && isRefused(state.error)) return state.error;
  }
  return null;
}

/** As {@link refusalIn}, followed as answers come. */
export function useRefusal(q: string): Problem | null {
  const answers = useQueryClient().getQueryCache();
  const follow = useCallback((told: () => void) => answers.subscribe(notifyManager.batchCalls(told)), [answers]);
  return useSyncExternalStore(follow, () => refusalIn(answers, q));
}
