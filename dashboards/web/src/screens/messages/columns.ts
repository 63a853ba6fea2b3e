// The columns of the list: which there are, how wide, and which of them a narrow list has room for.
import type { SortName } from "./search";

export const COLUMN_NAMES = [
  "time", "vhost", "route", "publisher", "exchange", "routing_key", "queue", "consumer", "type", "state", "latency", "end_to_end", "size", "rounds",
  "uid", "message_id", "correlation_id", "trace_id", "error", "body",
] as const;
export type ColumnName = (typeof COLUMN_NAMES)[number];

/** `width` is the least in px; with `grows` a column takes its share of what is left; a low `rank` is kept longest where there is little room.
 * Where there is not even room for it, one with a `brief` form takes so many px; `isBrief` says that it has to. */
export type Column = { name: ColumnName; head: string; width: number; grows: number; rank: number; number?: boolean; sort?: SortName; brief?: number; isBrief?: boolean };

export const COLUMNS: Record<ColumnName, Column> = {
  time: { name: "time", head: "time", width: 92, grows: 0, rank: 0, sort: "-published_at" },
  vhost: { name: "vhost", head: "vhost", width: 72, grows: 0, rank: 14 },
  route: { name: "route", head: "route", width: 200, grows: 8, rank: 1 },
  publisher: { name: "publisher", head: "publisher", width: 110, grows: 1, rank: 7 },
  exchange: { name: "exchange", head: "exchange", width: 90, grows: 1, rank: 8 },
  routing_key: { name: "routing_key", head: "routing key", width: 100, grows: 1, rank: 9 },
  queue: { name: "queue", head: "queues", width: 110, grows: 1, rank: 6 },
  consumer: { name: "consumer", head: "consumers", width: 110, grows: 1, rank: 10 },
  type: { name: "type", head: "type", width: 100, grows: 0.5, rank: 4 },
  state: { name: "state", head: "state", width: 106, grows: 0, rank: 2, brief: 12 },
  latency: { name: "latency", head: "latency", width: 64, grows: 0, rank: 5, number: true, sort: "-latency_ms" },
  end_to_end: { name: "end_to_end", head: "end to end", width: 78, grows: 0, rank: 12, number: true },
  size: { name: "size", head: "size", width: 56, grows: 0, rank: 11, number: true, sort: "-body.size" },
  rounds: { name: "rounds", head: "rounds", width: 56, grows: 0, rank: 13, number: true, sort: "-retry_rounds" },
  uid: { name: "uid", head: "uid", width: 96, grows: 0, rank: 6 },
  message_id: { name: "message_id", head: "message id", width: 120, grows: 1, rank: 15 },
  correlation_id: { name: "correlation_id", head: "correlation id", width: 120, grows: 1, rank: 15 },
  trace_id: { name: "trace_id", head: "conversation", width: 120, grows: 1, rank: 16 },
  error: { name: "error", head: "error", width: 120, grows: 2, rank: 5 },
  body: { name: "body", head: "first words of the body", width: 110, grows: 4, rank: 3 },
};

export const DEFAULT_COLUMNS: readonly ColumnName[] = ["time", "route", "type", "state", "latency", "size", "body"];
const GAP = 10;
const DATE_WIDTH = 84;

/** Return the columns of *chosen* that fit into *width* px, in their order: those of low rank stay. The first in rank always fits. */
export function fitting(chosen: readonly ColumnName[], width: number, withDate: boolean): Column[] {
  const columns = chosen.map((name) => (name === "time" && withDate ? { ...COLUMNS.time, width: COLUMNS.time.width + DATE_WIDTH } : COLUMNS[name]));
  const kept = new Map<ColumnName, Column>();
  let left = width;
  for (const column of columns.toSorted((one, other) => one.rank - other.rank)) {
    const form = column.width + GAP <= left || kept.size === 0 ? column : briefOf(column);
    left -= form.width + GAP;
    if (left < 0 && kept.size > 0) break;
    kept.set(column.name, form);
  }
  return columns.flatMap((column) => kept.get(column.name) ?? []);
}

function briefOf(column: Column): Column {
  return column.brief === undefined ? column : { ...column, width: column.brief, isBrief: true };
}

/** Return the columns as a CSS grid's. */
export function gridOf(columns: readonly Column[]): string {
  return columns.map((column) => (column.grows ? `minmax(${column.width}px, ${column.grows}fr)` : `${column.width}px`)).join(" ");
}

/** Return the order that a click on the head of *column* asks for, after *inForce*; null when it has none. */
export function sortAfter(column: Column, inForce: SortName): SortName | null {
  if (!column.sort) return null;
  if (inForce !== column.sort) return column.sort;
  const other = column.sort.slice(1) as SortName;
  return column.name === "rounds" ? column.sort : other;
}
