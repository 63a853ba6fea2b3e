// A table: `j` and `k` move, Enter opens, a click on a head sorts. Of many rows only those in sight are drawn.
import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import { useShortcut } from "@/app/keys";
import css from "./Table.module.css";
import { type Drawn, useRowsDrawn } from "./useRowsDrawn";

export type Column<Row> = {
  key: string;
  head: ReactNode;
  cell: (row: Row) => ReactNode;
  /** What to sort by; without it the column does not sort. */
  by?: (row: Row) => number | string;
  number?: boolean;
};

export type Sorting = { key: string; down: boolean };

type Props<Row> = {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  sorting?: Sorting;
  onSort?: (sorting: Sorting) => void;
  onOpen?: (row: Row) => void;
};

/** Return *rows* in the order of *sorting*, equal ones as they were. */
export function sorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sorting?: Sorting): readonly Row[] {
  const by = columns.find((column) => column.key === sorting?.key)?.by;
  if (!by || !sorting) return rows;
  const way = sorting.down ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [a, b] = [by(one), by(other)];
    return (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true })) * way;
  });
}

/** Whether a box is wider inside than outside: it has to be reached by keyboard then, to be scrolled. */
function useScrolls() {
  const box = useRef<HTMLDivElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element || typeof ResizeObserver === "undefined") return undefined;
    const observer = new ResizeObserver(() => setScrolls(element.scrollWidth > element.clientWidth));
    observer.observe(element);
    if (element.firstElementChild) observer.observe(element.firstElementChild);
    return () => observer.disconnect();
  }, []);
  return [box, scrolls] as const;
}

export function Table<Row>({ caption, columns, rows, rowKey, sorting, onSort, onOpen }: Props<Row>) {
  const [own, setOwn] = useState<Sorting | undefined>(sorting);
  const [chosen, setChosen] = useState<string>();
  const body = useRef<HTMLTableSectionElement>(null);
  const [box, scrolls] = useScrolls();
  const inForce = onSort ? sorting : own;
  const shownRows = sorted(rows, columns, inForce);
  const drawn = useRowsDrawn(body, shownRows.length);
  const goTo = useRowFocus(body, drawn);
  // The row, wherever new figures put it.
  const at = shownRows.findIndex((row) => rowKey(row) === chosen);
  // Where Tab leads into the rows: one that is drawn.
  const stop = at >= drawn.from && at < drawn.to ? at : drawn.from;
  const move = (by: number) => goTo(Math.min(Math.max(at + by, 0), shownRows.length - 1));
  useShortcut("j", "Next row", () => move(1), Boolean(onOpen));
  useShortcut("k", "Previous row", () => move(-1), Boolean(onOpen));
  return (
    <div ref={box} className={css.scroll} {...(scrolls ? { role: "region", "aria-label": caption, tabIndex: 0 } : {})}>
      <table className={css.table} aria-rowcount={drawn.isWhole ? undefined : shownRows.length + 1}>
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.key} column={column} sorting={inForce} onSort={onSort ?? setOwn} />
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {drawn.above > 0 ? <Space height={drawn.above} /> : null}
          {shownRows.slice(drawn.from, drawn.to).map((row, place) => (
            <tr
              key={rowKey(row)}
              ref={drawn.measure}
              data-index={drawn.from + place}
              aria-rowindex={drawn.isWhole ? undefined : drawn.from + place + 2}
              tabIndex={onOpen ? (drawn.from + place === stop ? 0 : -1) : undefined}
              className={onOpen ? css.openable : undefined}
              onFocus={() => setChosen(rowKey(row))}
              onKeyDown={(event) => {
                if (event.key === "Enter" && event.target === event.currentTarget) onOpen?.(row);
              }}
              onClick={(event) => {
                if (!(event.target as HTMLElement).closest("a, button, input")) onOpen?.(row);
              }}
            >
              {columns.map((column) => (
                <td key={column.key} className={column.number ? "number" : undefined}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
          {drawn.below > 0 ? <Space height={drawn.below} /> : null}
        </tbody>
      </table>
    </div>
  );
}

/** Return what gives a row the focus: at once, or when it is drawn. */
function useRowFocus(body: RefObject<HTMLTableSectionElement | null>, drawn: Drawn): (index: number) => void {
  const wanted = useRef<number>(undefined);
  const focus = () => {
    const row = body.current?.querySelector<HTMLElement>(`:scope > [data-index="${wanted.current}"]`);
    if (wanted.current === undefined || !row) return;
    wanted.current = undefined;
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  };
  useEffect(focus);
  return (index) => {
    wanted.current = index;
    focus();
    if (wanted.current !== undefined) drawn.show(index);
  };
}

/** What stands for rows that are not drawn. */
function Space({ height }: { height: number }) {
  return <tr aria-hidden="true" style={{ height }} />;
}

function Head<Row>({ column, sorting, onSort }: { column: Column<Row>; sorting: Sorting | undefined; onSort: (sorting: Sorting) => void }) {
  const mine = sorting?.key === column.key;
  const order = mine ? (sorting.down ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" aria-sort={order} className={column.number ? "number" : undefined}>
      {column.by ? (
        <button type="button" className={css.sort} onClick={() => onSort({ key: column.key, down: mine ? !sorting.down : Boolean(column.number) })}>
          {column.head}
          <span aria-hidden="true">{mine ? (sorting.down ? " ↓" : " ↑") : ""}</span>
        </button>
      ) : (
        column.head
      )}
    </th>
  );
}
