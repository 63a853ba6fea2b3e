import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { cleanup, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { makeQueries } from "@/api/queries";
import { placeQuery } from "./asks";

const asked = vi.hoisted(() => {
  const told = { upTo: 3, whole: 5 };
  globalThis.fetch = (request) => {
    const q = new URL((request as Request).url).searchParams.get("q") ?? "";
    return Promise.resolve(Response.json({ total: q.includes("published_at") ? told.upTo : told.whole }, { headers: { "content-type": "application/json" } }));
  };
  return told;
});

afterEach(cleanup);

test("the place of a message in its conversation follows as the conversation grows", async () => {
  const queries = makeQueries();
  const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={queries}>{children}</QueryClientProvider>;
  const { result } = renderHook(() => useQuery(placeQuery("trace", "2026-01-02T10:00:00Z", 20)), { wrapper });
  await waitFor(() => expect(result.current.data).toEqual({ place: 3, total: 5 }));
  asked.whole = 6;
  await waitFor(() => expect(result.current.data).toEqual({ place: 3, total: 6 }));
});
