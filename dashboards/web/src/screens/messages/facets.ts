// The fields that are counted beside the list, and which query each is counted under.
import { conditions } from "@/model/lucene";
import { without } from "@/model/conditions";

export type FacetField = { field: string; name: string };

export const FACETS: readonly FacetField[] = [
  { field: "state", name: "State" },
  { field: "queue", name: "Queue" },
  { field: "exchange", name: "Exchange" },
  { field: "message_type", name: "Type" },
  { field: "publisher.service", name: "Published by" },
  { field: "copies.attempts.consumer.service", name: "Consumed by" },
  { field: "vhost", name: "Vhost" },
];

/** Return the fields that *q* sets no condition for, and those it does: these are counted without it, so that others can be chosen. */
export function grouped(q: string): { free: string[]; own: { field: string; q: string }[] } {
  const set = new Set((conditions(q) ?? []).map((each) => each.field));
  return {
    free: FACETS.map((each) => each.field).filter((field) => !set.has(field)),
    own: FACETS.filter((each) => set.has(each.field)).map(({ field }) => ({ field, q: without(q, field) })),
  };
}

export type Value = { value: string; count: number | null };

/** Return the values to show: those that the query names always, with *many* others at most. */
export function shownValues(values: readonly { value: string; count: number }[], named: readonly string[], many: number): Value[] {
  const first = values.slice(0, many);
  const missing = named.filter((value) => !first.some((each) => each.value === value));
  return [...first, ...missing.map((value) => ({ value, count: values.find((each) => each.value === value)?.count ?? null }))];
}
