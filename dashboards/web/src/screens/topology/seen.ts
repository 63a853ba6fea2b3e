// Which part of a tall picture is in view, so that only that is drawn.
import { type RefObject, useEffect, useState } from "react";
import type { Item, Line } from "./layout";

/** From and to in px of the layout. */
export type Span = { top: number; bottom: number };

const STEP = 256;
const BEYOND = 384;

/** Return the span to draw for what is in view: some more at both ends, in steps, so that it seldom changes. Pure. */
export function spanOf(scrollTop: number, height: number, factor: number): Span {
  const top = Math.floor((scrollTop - BEYOND) / STEP) * STEP;
  const bottom = Math.ceil((scrollTop + height + BEYOND) / STEP) * STEP;
  return { top: top / factor, bottom: bottom / factor };
}

export function itemSeen(item: Item, span: Span): boolean {
  return item.y + item.height >= span.top && item.y <= span.bottom;
}

export function lineSeen({ points }: Line, span: Span): boolean {
  const [one, other] = [points[0].y, points[3].y];
  return Math.max(one, other) >= span.top && Math.min(one, other) <= span.bottom;
}

/** Return the span of the board to draw, and follow its scrolling. */
export function useSpan(board: RefObject<HTMLElement | null>, factor: number): Span {
  const [span, setSpan] = useState<Span>({ top: 0, bottom: 2 * STEP + 2 * BEYOND });
  useEffect(() => {
    const element = board.current;
    if (!element) return undefined;
    const follow = () => {
      const next = spanOf(element.scrollTop, element.clientHeight, factor);
      setSpan((before) => (before.top === next.top && before.bottom === next.bottom ? before : next));
    };
    const observer = new ResizeObserver(follow);
    observer.observe(element);
    element.addEventListener("scroll", follow, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", follow);
    };
  }, [board, factor]);
  return span;
}
