// The whole conversation in small beside its rows, once there is more than fits: when each happened, what failed, and what is in sight.
// A click or a drag goes there. It is for the mouse: keys go to rows, failures and what is found without it.
import { type PointerEvent, type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { barsPath, bucketsOf, type Marks, scrolledAt, ticksPath, windowOf } from "./model/strip";
import type { RowsHandle } from "./Rows";
import css from "./Strip.module.css";

const WIDTH = 48;
const TICK_LEFT = WIDTH - 6;
/** With less than so many times the room, scrolling shows the rest as soon. */
const ROOMS_LEAST = 1.5;
const SAYS = "The whole conversation from top to bottom, its time from left to right. Click or drag to go there.";

type Props = { handle: RefObject<RowsHandle | null>; headHeight: number; tops: Float64Array; marks: Marks; children: ReactNode };

/** Draw *children*, which are rows, and beside them the strip of all rows at *tops*. */
export function WithStrip({ children, ...given }: Props) {
  const { handle, headHeight, tops } = given;
  const frame = useRef<HTMLDivElement>(null);
  const height = useHeight(frame, handle, headHeight);
  const all = tops.at(-1) ?? 0;
  return (
    <div ref={frame} className={css.frame}>
      {children}
      {height > 0 && all > height * ROOMS_LEAST ? <Strip {...given} height={height} /> : null}
    </div>
  );
}

/** Return the height of the room that the rows have, in px. */
function useHeight(frame: RefObject<HTMLDivElement | null>, handle: RefObject<RowsHandle | null>, headHeight: number): number {
  const [height, setHeight] = useState(0);
  useEffect(() => {
    const element = frame.current;
    if (!element || typeof ResizeObserver === "undefined") return undefined;
    const sizes = new ResizeObserver(() => setHeight(Math.max((handle.current?.box?.clientHeight ?? 0) - headHeight, 0)));
    sizes.observe(element);
    return () => sizes.disconnect();
  }, [frame, handle, headHeight]);
  return height;
}

function Strip({ handle, headHeight, tops, marks, height }: Omit<Props, "children"> & { height: number }) {
  const all = tops.at(-1) ?? 0;
  const buckets = useMemo(() => bucketsOf(tops, marks, height), [tops, marks, height]);
  const paths = useMemo(() => ({ bars: barsPath(buckets, TICK_LEFT - 2), failed: ticksPath(buckets, "failed", TICK_LEFT), found: ticksPath(buckets, "found", TICK_LEFT - 4) }), [buckets]);
  const seen = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = handle.current?.box;
    if (!box) return undefined;
    // The window follows by itself: nothing else is drawn again while one scrolls.
    const follow = () => {
      const { top, height: own } = windowOf(box.scrollTop, height, all, height);
      seen.current?.style.setProperty("transform", `translateY(${top}px)`);
      seen.current?.style.setProperty("height", `${own}px`);
    };
    follow();
    box.addEventListener("scroll", follow, { passive: true });
    return () => box.removeEventListener("scroll", follow);
  }, [handle, height, all]);
  const go = (event: PointerEvent) => {
    const y = event.clientY - event.currentTarget.getBoundingClientRect().top;
    handle.current?.box?.scrollTo({ top: scrolledAt(y, height, all, height) });
  };
  return (
    <div
      className={css.strip}
      style={{ height, width: WIDTH, marginTop: headHeight + 1 }}
      title={SAYS}
      aria-hidden="true"
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) go(event);
      }}
      onWheel={(event) => handle.current?.box?.scrollBy({ top: event.deltaY })}
    >
      <svg width={WIDTH} height={height}>
        <path d={paths.bars} className={css.bars} />
        <path d={paths.found} className={css.found} />
        <path d={paths.failed} className={css.failed} />
      </svg>
      <div ref={seen} className={css.seen} />
    </div>
  );
}
