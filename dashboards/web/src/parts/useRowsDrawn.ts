// Which rows of a long table are drawn: those in sight of the page's scrolling, and some beyond. A short table is drawn whole.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useState } from "react";

/** Tables of more rows than this are drawn in part. */
export const WHOLE_MOST = 200;
const ROW_PX = 28;
const BEYOND = 20;

export type Drawn = {
  isWhole: boolean;
  /** The first row that is drawn, and the one after the last. */
  from: number;
  to: number;
  /** Heights in px of what is left out above and below. */
  above: number;
  below: number;
  /** Scroll until row *index* is in sight. */
  show: (index: number) => void;
  measure: ((row: HTMLTableRowElement | null) => void) | undefined;
};

/** The part of the frame that scrolls. */
function pageOf(body: RefObject<HTMLElement | null>): HTMLElement | null {
  return body.current?.closest("main") ?? null;
}

export function useRowsDrawn(body: RefObject<HTMLTableSectionElement | null>, count: number): Drawn {
  const isWhole = count <= WHOLE_MOST;
  const [top, setTop] = useState(0);
  useEffect(() => {
    const main = pageOf(body);
    if (isWhole || !main || !body.current) return;
    setTop(Math.round(body.current.getBoundingClientRect().top - main.getBoundingClientRect().top + main.scrollTop));
  }, [body, isWhole, count]);
  // oxlint-disable-next-line react/incompatible-library
  const rows = useVirtualizer({ count, enabled: !isWhole, getScrollElement: () => pageOf(body), estimateSize: () => ROW_PX, overscan: BEYOND, scrollMargin: top });
  if (isWhole) return { isWhole, from: 0, to: count, above: 0, below: 0, show: () => undefined, measure: undefined };
  const items = rows.getVirtualItems();
  const [first, last] = [items[0], items.at(-1)];
  return {
    isWhole,
    from: first?.index ?? 0,
    to: (last?.index ?? -1) + 1,
    above: (first?.start ?? top) - top,
    below: rows.getTotalSize() - ((last?.end ?? top) - top),
    show: (index) => rows.scrollToIndex(index, { align: "auto" }),
    measure: rows.measureElement,
  };
}
