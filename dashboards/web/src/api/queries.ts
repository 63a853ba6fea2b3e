// The memory of what was asked: when to try again, and what to do when nobody is known any more.
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { Problem } from "./client";

const RETRIES_MAX = 2;
const UNAUTHORIZED = 401;

/** Return whether to ask again after *failures*: what the API refuses it refuses again; what did not answer may answer. */
export function askAgain(failures: number, error: Error): boolean {
  return failures < RETRIES_MAX && (!(error instanceof Problem) || error.status === 0 || error.status >= 500);
}

export function makeQueries(): QueryClient {
  const askWho = (error: Error) => {
    if (error instanceof Problem && error.status === UNAUTHORIZED) void queries.invalidateQueries({ queryKey: ["session"] });
  };
  const queries: QueryClient = new QueryClient({
    defaultOptions: {
      queries: { retry: askAgain, staleTime: 1000 },
      // What somebody does is done now or not at all: never later, when nobody expects it any more.
      mutations: { networkMode: "always" },
    },
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (query.queryKey[0] !== "session") askWho(error);
      },
    }),
    mutationCache: new MutationCache({ onError: askWho }),
  });
  return queries;
}
