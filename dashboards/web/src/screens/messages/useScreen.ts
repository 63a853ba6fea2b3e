// The state of the screen: the list and its histogram, the live tail with its pause, and what the keys do.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useShortcut } from "@/app/keys";
import { histogramQuery } from "./asks";
import type { Address } from "./useAddress";
import { useList } from "./useList";

const LIVE_COUNTS_MS = 10_000;
/** So long the list is left alone before it is asked anew, however much comes. */
const REFILL_MS = 1000;
const BARS = { wide: 120, narrow: 40 };

export type Screen = ReturnType<typeof useScreen>;

export function useScreen({ asked, sort, isLive, sel, set, select }: Address, isNarrow: boolean) {
  const [isAway, setAway] = useState(false);
  const [isHeld, setHeld] = useState(false);
  const paused = isAway || isHeld || sel !== undefined;
  const listed = useList(asked, sort, isLive, paused);
  const { stream, again, refill, rows } = listed;
  const grid = useRef<HTMLDivElement>(null);
  // What is counted stays as it is while somebody scrolls.
  const refreshMs: number | false = isLive && !isAway ? LIVE_COUNTS_MS : false;
  // The list comes first: counting a million messages would hold it up.
  const isListed = !listed.list.isPending;
  const histogram = useQuery({ ...histogramQuery(asked, isNarrow ? BARS.narrow : BARS.wide, refreshMs), enabled: isListed });

  const move = (by: number) => {
    const from = rows.findIndex((row) => row.uid === sel);
    const uid = rows[from < 0 ? 0 : Math.min(Math.max(from + by, 0), rows.length - 1)]?.uid;
    grid.current?.focus({ preventScroll: true });
    if (uid !== undefined && uid !== sel) select(uid);
  };
  const show = async () => {
    setHeld(false);
    grid.current?.scrollTo({ top: 0 });
    if (isLive && !stream.tail.full) stream.show();
    else await again();
  };
  const toggleLive = () => {
    setHeld(false);
    set({ live: isLive ? undefined : "1", sort: undefined, sel: undefined });
  };
  const { full } = stream.tail;
  useEffect(() => {
    // More came than is held: the list is asked anew as soon as nobody looks at a place in it.
    if (!isLive || !full || paused) return undefined;
    const timer = setTimeout(() => void refill(), REFILL_MS);
    return () => clearTimeout(timer);
  }, [isLive, full, paused, refill]);
  const waiting = stream.tail.waitingCount;
  const { show: letIn } = stream;
  useEffect(() => {
    // Back at the top, with nothing selected, the tail goes on by itself.
    if (isLive && !paused && waiting > 0 && !full) letIn();
  }, [isLive, paused, waiting, full, letIn]);

  useShortcut("j", "Next message", () => move(1));
  useShortcut("k", "Previous message", () => move(-1));
  useShortcut("l", "Live: new messages appear", () => (asked.until ? undefined : toggleLive()));
  useShortcut("p", "Live: pause or go on", () => setHeld(isLive && !isHeld));

  const news = isLive ? { waiting, basis: "exact" as const } : { waiting: listed.newer?.total ?? 0, basis: listed.newer?.total_is ?? ("exact" as const) };
  return { ...listed, isListed, histogram, refreshMs, grid, paused, isHeld, setHeld, setAway, move, show, toggleLive, news };
}
