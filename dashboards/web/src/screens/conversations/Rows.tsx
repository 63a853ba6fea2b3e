// Rows of which only those that are seen are drawn: a box that scrolls, with a head that stays, and one row that is looked at.
import { type KeyboardEvent, type ReactNode, type RefObject, memo, useEffect, useId, useImperativeHandle, useLayoutEffect, useRef, useState } from "react";
import { rowsWithin } from "./model/scale";
import css from "./Rows.module.css";

/** So many px above and below what is seen are drawn as well. */
const BEYOND = 240;

/** `box` is what scrolls. */
export type RowsHandle = { focus: () => void; box: HTMLElement | null };

type Props = {
  label: string;
  tops: Float64Array;
  /** The row that is looked at; -1 for none. */
  current: number;
  head: ReactNode;
  headHeight: number;
  /** The width of head and rows in px; undefined for that of the box. */
  width?: number;
  /** What stands behind the rows from one to before another, which are seen. */
  renderBack?: (from: number, to: number) => ReactNode;
  renderRow: (row: number) => ReactNode;
  rowWords: (row: number) => string;
  onRow: (row: number, event: { target: EventTarget | null }) => void;
  onKey: (event: KeyboardEvent) => void;
  handle: RefObject<RowsHandle | null>;
  /** What of the row that is looked at has to be seen across, in px, right of what stays on the left. */
  across?: { from: number; to: number; stays: number };
};

export function Rows({ label, tops, current, head, headHeight, width, renderBack, renderRow, rowWords, onRow, onKey, handle, across }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const [from, to] = useSeen(box, tops, headHeight);
  useImperativeHandle(handle, () => ({ focus: () => list.current?.focus({ preventScroll: true }), box: box.current }));
  useInSight(box, tops, current, headHeight, across);
  const rows = Array.from({ length: Math.max(to - from, 0) }, (_, place) => from + place);
  return (
    <div ref={box} className={css.box}>
      <div className={css.all} style={{ width, height: (tops.at(-1) ?? 0) + headHeight }}>
        <div className={css.head} style={{ height: headHeight }}>
          {head}
        </div>
        <div className={css.back} style={{ top: headHeight }}>
          {renderBack?.(from, to)}
        </div>
        <div
          ref={list}
          className={css.list}
          style={{ height: tops.at(-1) }}
          role="listbox"
          tabIndex={0}
          aria-label={label}
          aria-activedescendant={current >= from && current < to ? `${id}${current}` : undefined}
          onKeyDown={onKey}
        >
          {rows.map((each) => (
            <Row key={each} at={each} id={`${id}${each}`} selected={each === current} top={tops[each] ?? 0} size={tops.length - 1} renderRow={renderRow} rowWords={rowWords} onRow={onRow} />
          ))}
        </div>
      </div>
    </div>
  );
}

type RowProps = Pick<Props, "renderRow" | "rowWords" | "onRow"> & { at: number; id: string; selected: boolean; top: number; size: number };

/** While the box is scrolled, the rows that stay in sight are not drawn again. */
const Row = memo(function Row({ at, id, selected, top, size, renderRow, rowWords, onRow }: RowProps) {
  return (
    // Keys go to the list: its rows are not stops of their own.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={selected}
      aria-setsize={size}
      aria-posinset={at + 1}
      className={css.row}
      style={{ top }}
      onMouseDown={(event) => event.preventDefault()}
      onClick={(event) => onRow(at, event)}
    >
      <span className="unseen">{rowWords(at)}</span>
      <span className={css.drawn} aria-hidden="true">
        {renderRow(at)}
      </span>
    </div>
  );
});

/** Return the rows [from, to) to draw, as the box is scrolled. */
function useSeen(box: RefObject<HTMLDivElement | null>, tops: Float64Array, headHeight: number): readonly [number, number] {
  const [seen, setSeen] = useState<readonly [number, number]>([0, 0]);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    let frame = 0;
    let before = element.scrollTop;
    const look = () => {
      frame = 0;
      const top = element.scrollTop;
      const height = Math.max(element.clientHeight, 300) - headHeight;
      // What goes by faster than a window a frame is not drawn ahead: none of it would still be there.
      const beyond = Math.abs(top - before) > height ? 0 : BEYOND;
      before = top;
      const next = rowsWithin(tops, top - beyond, top + height + beyond);
      if (beyond === 0) frame = requestAnimationFrame(look);
      setSeen((last) => (last[0] === next[0] && last[1] === next[1] ? last : next));
    };
    const later = () => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    element.addEventListener("scroll", later, { passive: true });
    const sizes = typeof ResizeObserver === "undefined" ? undefined : new ResizeObserver(later);
    sizes?.observe(element);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("scroll", later);
      sizes?.disconnect();
    };
  }, [box, tops, headHeight]);
  return [Math.min(seen[0], Math.max(tops.length - 1, 0)), Math.min(seen[1], Math.max(tops.length - 1, 0))];
}

/** Scroll the row *current* into sight whenever it becomes another one. */
function useInSight(box: RefObject<HTMLDivElement | null>, tops: Float64Array, current: number, headHeight: number, across: Props["across"]): void {
  const before = useRef(-1);
  useEffect(() => {
    const element = box.current;
    if (!element || current < 0 || current === before.current) return;
    before.current = current;
    if (across && (across.from < element.scrollLeft + across.stays || across.to > element.scrollLeft + element.clientWidth)) {
      element.scrollTo?.({ left: Math.max(across.from - across.stays - 24, 0) });
    }
    const [top, room] = [tops[current] ?? 0, element.clientHeight - headHeight];
    const bottom = Math.min(tops[current + 1] ?? top, top + 28);
    if (top >= element.scrollTop && bottom <= element.scrollTop + room) return;
    const near = top > element.scrollTop - 60 && bottom < element.scrollTop + room + 60;
    element.scrollTo?.({ top: near ? (top < element.scrollTop ? top : bottom - room) : top - room / 2 });
  }, [box, tops, current, headHeight, across]);
}
