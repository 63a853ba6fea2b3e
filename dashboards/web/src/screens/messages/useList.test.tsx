// What the list asks for while one scrolls, against an API that is stood in for here.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { copy, message } from "@/model/made";
import { NEWEST } from "./useAddress";
import { useList } from "./useList";

const api = vi.hoisted(() => {
  const told = { pages: 0, refuses: true };
  globalThis.fetch = (request) => {
    const next = new URL((request as Request).url).searchParams.get("cursor");
    if (next !== null) told.pages += 1;
    return Promise.resolve(next !== null && told.refuses ? Response.json({ type: "urn:hoptrail:problem:cursor-invalid", title: "No" }, { status: 400 }) : Response.json(PAGE));
  };
  return told;
});
const PAGE = { items: [message([copy("orders")])], total: 9, total_is: "exact", position: "20", not_captured: [], next: "more" };
const ASKED = { q: "", since: undefined, until: undefined };

afterEach(cleanup);

test("a next page that is refused is asked for again only once the list was asked anew, as somebody wanted", async () => {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={queries}>{children}</QueryClientProvider>;
  const { result } = renderHook(() => useList(ASKED, NEWEST, false, false), { wrapper });
  await waitFor(() => expect(result.current.isMore).toBe(true));
  const seenAtEnd = () => act(async () => result.current.more());

  await seenAtEnd();
  await waitFor(() => expect(result.current.list.isFetchNextPageError).toBe(true));
  await seenAtEnd();
  expect(api.pages).toBe(1);

  api.refuses = false;
  await act(async () => void result.current.goOn());
  await waitFor(() => expect(result.current.list.error).toBeNull());
  expect(api.pages).toBe(1);
  await seenAtEnd();
  await waitFor(() => expect(result.current.list.data?.pages).toHaveLength(2));
  expect(api.pages).toBe(2);
});
