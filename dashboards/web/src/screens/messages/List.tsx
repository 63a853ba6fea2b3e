// The list of messages: a grid of which only what is seen is there, over pages that are fetched as one scrolls.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { usePreferences } from "@/app/preferences";
import { parts } from "@/model/time";
import { useWidth } from "@/parts/useWidth";
import { type Column, type ColumnName, fitting, gridOf, sortAfter } from "./columns";
import type { Entry } from "./entries";
import css from "./List.module.css";
import { GapLine, RowLine } from "./RowLine";
import type { SortName } from "./search";
import { windowOf } from "./window";

const ROW = 28;
const HEAD = 28;
const AHEAD = 150;
const SCROLLED_PX = 8;

type Props = {
  grid: RefObject<HTMLDivElement | null>;
  entries: readonly Entry[];
  total: number;
  isMore: boolean;
  columns: readonly ColumnName[];
  sort: SortName;
  selected: string | undefined;
  today: string;
  onSort: (sort: SortName) => void;
  onSelect: (uid: string) => void;
  onOpen: (uid: string) => void;
  onMove: (by: number) => void;
  onMore: () => void;
  onScrolled: (away: boolean) => void;
  children: ReactNode;
};

export function List({ grid, entries, total, isMore, columns: chosen, sort, selected, today, onSort, onSelect, onOpen, onMove, onMore, onScrolled, children }: Props) {
  const { zone } = usePreferences();
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame, 900);
  const withDate = useMemo(() => !isAllOf(entries, today, zone), [entries, today, zone]);
  const columns = useMemo(() => fitting(chosen, width - 24, withDate), [chosen, width, withDate]);
  const template = useMemo(() => gridOf(columns), [columns]);
  const [sight] = useState(() => windowOf(() => performance.now()));
  // oxlint-disable-next-line react-hooks-js/incompatible-library
  const virtual = useVirtualizer({ count: entries.length, getScrollElement: () => grid.current, estimateSize: () => ROW, rangeExtractor: sight.rowsOf, scrollMargin: HEAD, scrollPaddingStart: HEAD });
  const items = virtual.getVirtualItems();
  const isFlying = virtual.isScrolling && sight.isFlying();
  const lastSeen = items.at(-1)?.index ?? 0;
  const at = useMemo(() => entries.findIndex((entry) => entry.kind === "row" && entry.row.uid === selected), [entries, selected]);

  useEffect(() => {
    if (isMore && lastSeen >= entries.length - AHEAD) onMore();
  }, [isMore, lastSeen, entries.length, onMore]);
  // Without a list nobody is away from its top; the next one begins there.
  useEffect(() => () => onScrolled(false), [onScrolled]);
  const wasSeen = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (at < 0 || wasSeen.current === selected) return;
    wasSeen.current = selected;
    virtual.scrollToIndex(at, { align: "auto" });
  }, [at, selected, virtual]);

  const onKey = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((grid.current?.clientHeight ?? ROW) / ROW) - 2);
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -entries.length, End: entries.length };
    const by = moves[event.key];
    if (event.target !== event.currentTarget) return;
    if (by !== undefined) onMove(by);
    else if (event.key === "Enter" && selected) onOpen(selected);
    else return;
    event.preventDefault();
  };

  return (
    <div ref={frame} className={css.frame}>
      <div
        ref={grid}
        role="grid"
        aria-label="Messages"
        aria-rowcount={isMore ? total : entries.length + 1}
        aria-colcount={columns.length}
        aria-activedescendant={at >= 0 && items.some((item) => item.index === at) ? `row-${selected ?? ""}` : undefined}
        tabIndex={0}
        className={css.grid}
        onKeyDown={onKey}
        onScroll={(event) => onScrolled(event.currentTarget.scrollTop > SCROLLED_PX)}
      >
        <Head columns={columns} template={template} sort={sort} onSort={onSort} />
        <div role="rowgroup" className={css.rows} style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const entry = entries[item.index];
            if (!entry) return null;
            const top = item.start - HEAD;
            if (entry.kind === "gap") return <GapLine key={`gap ${entry.gap.gap}`} gap={entry.gap} number={item.index + 2} columns={columns.length} top={top} zone={zone} />;
            const { row } = entry;
            return (
              <RowLine
                key={row.uid}
                id={`row-${row.uid}`}
                row={row}
                number={item.index + 2}
                columns={columns}
                grid={template}
                top={top}
                isSelected={row.uid === selected}
                zone={zone}
                withDate={withDate}
                isFlying={isFlying}
                onSelect={onSelect}
                onOpen={onOpen}
              />
            );
          })}
        </div>
      </div>
      <div className={css.choose}>{children}</div>
    </div>
  );
}

type HeadProps = { columns: readonly Column[]; template: string; sort: SortName; onSort: (sort: SortName) => void };

function Head({ columns, template, sort, onSort }: HeadProps) {
  return (
    <div role="row" aria-rowindex={1} className={`${css.row} ${css.head}`} style={{ gridTemplateColumns: template }}>
      {columns.map((column) => {
        const down = column.sort === sort;
        const mine = down || column.sort?.slice(1) === sort;
        return (
          <div key={column.name} role="columnheader" aria-sort={mine ? (down ? "descending" : "ascending") : undefined} className={column.number ? `${css.cell} ${css.figure}` : css.cell}>
            {column.sort ? (
              <button type="button" className={css.sort} onClick={() => onSort(sortAfter(column, sort) ?? sort)}>
                {column.head}
                <span aria-hidden="true">{mine ? (down ? " ↓" : " ↑") : ""}</span>
              </button>
            ) : (
              <span className={column.isBrief ? "unseen" : undefined}>{column.head}</span>
            )}
          </div>
        );
      })}
    </div>
  );
}

/** Return whether the first and the last message are of the day *today*: then its date needs not be told. */
function isAllOf(entries: readonly Entry[], today: string, zone: "local" | "utc"): boolean {
  const rows = [entries.find((entry) => entry.kind === "row"), entries.findLast((entry) => entry.kind === "row")];
  return rows.every((entry) => entry?.kind !== "row" || parts(entry.row.at, zone, 0).date === today);
}
