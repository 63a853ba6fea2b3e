// What of the list stands in the address, and how it is changed there.
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { rangeAt } from "@/model/range";
import type { Asked } from "./asks";
import { DEFAULT_COLUMNS } from "./columns";
import { colsOf, type MessagesSearch, type SortName } from "./search";

const route = getRouteApi("/messages");
export const NEWEST: SortName = "-published_at";

export type Address = ReturnType<typeof useAddress>;

export function useAddress() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/messages" });
  const { q = "", sel, cols } = search;
  const { since, until } = rangeAt(search, search.at);
  const asked: Asked = useMemo(() => ({ q, since, until }), [q, since, until]);
  const columns = useMemo(() => colsOf(cols) ?? DEFAULT_COLUMNS, [cols]);
  const set = useCallback(
    (changed: Partial<MessagesSearch>, replace = false) => void navigate({ search: (before) => ({ ...before, ...changed }), replace, resetScroll: false }),
    [navigate],
  );
  const open = useCallback((uid: string) => void navigate({ to: "/messages/$uid", params: { uid }, search: {} }), [navigate]);
  const hasSelected = sel !== undefined;
  // The first one selected is a step back goes to; walking on from it is none.
  const select = useCallback((uid: string) => set({ sel: uid }, hasSelected), [set, hasSelected]);
  return { asked, sort: search.sort ?? NEWEST, isLive: search.live === "1" && !until, sel, columns, set, open, select };
}
