// The list as it was asked, what a live tail adds to it, and what came since.
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { Problem } from "@/api/client";
import { useRefresh } from "@/app/preferences";
import { type Asked, listQuery, newerQuery, textOf } from "./asks";
import { entriesOf } from "./entries";
import { merged, type Row } from "./rows";
import type { SortName } from "./search";
import { useTail } from "./useTail";

export type Listed = ReturnType<typeof useList>;

/** *live*: messages appear as they are published; *paused*: they wait. */
export function useList(asked: Asked, sort: SortName, live: boolean, paused: boolean) {
  const queries = useQueryClient();
  const refresh = useRefresh();
  const list = useInfiniteQuery(listQuery(asked, sort));
  const { error, fetchNextPage, isFetching, isFetchNextPageError, refetch } = list;
  const pages = list.data?.pages;
  const [first, last] = [pages?.[0], pages?.at(-1)];
  const rows = useMemo(() => pages?.flatMap((page) => page.rows) ?? [], [pages]);
  const uids = useMemo(() => new Set(rows.map((row) => row.uid)), [rows]);
  const isMore = Boolean(last?.next);
  const held = useMemo(() => ({ has: (uid: string) => uids.has(uid), least: isMore ? (rows.at(-1)?.position ?? -1) : -1 }), [uids, isMore, rows]);
  const stream = useTail({ text: textOf(asked), on: live, position: first?.position, paused, asked: held });
  const { tail } = stream;
  const isLimited = Boolean(asked.until && !asked.until.startsWith("now"));
  const newer = useQuery({ ...newerQuery(asked, first?.position ?? "", first && !live && !isLimited ? refresh : false) }).data;

  const shown = useMemo(() => merged(tail.shown, updated(rows, tail.changed)), [tail.shown, tail.changed, rows]);
  const gaps = useMemo(() => last?.gaps ?? [], [last]);
  const entries = useMemo(() => entriesOf(shown, gaps, sort, !isMore), [shown, gaps, sort, isMore]);

  const more = useCallback(() => {
    // Who is at the end of the list would ask without end for what is refused.
    if (!isFetching && !isFetchNextPageError) void fetchNextPage();
  }, [isFetching, isFetchNextPageError, fetchNextPage]);
  /** Ask the list as it is now, from its beginning. */
  const refill = useCallback(async () => {
    const { queryKey } = listQuery(asked, sort);
    queries.setQueryData(queryKey, (data) => data && { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) });
    await refetch();
  }, [queries, refetch, asked, sort]);
  /** The same, with its histogram and its facets. */
  const again = useCallback(async () => {
    await Promise.all([refill(), queries.invalidateQueries({ queryKey: ["messages", "histogram"] }), queries.invalidateQueries({ queryKey: ["messages", "facets"] })]);
  }, [queries, refill]);
  /** After an error: ask for the same page, or from the beginning where the place of that page is no longer known. */
  const goOn = async () => {
    if (isFetchNextPageError && !isRefused(error)) await fetchNextPage();
    else await again();
  };

  return { list, first, rows: shown, gaps, entries, isMore, more, refill, again, goOn, stream, newer };
}

function isRefused(error: Error): boolean {
  return error instanceof Problem && error.status >= 400 && error.status < 500;
}

function updated(rows: readonly Row[], changed: ReadonlyMap<string, Row>): readonly Row[] {
  if (changed.size === 0) return rows;
  return rows.map((row) => changed.get(row.uid) ?? row);
}
