// Adds and removes conditions of a query, as a click on a value does, and leaves the rest as it was typed.
import { type Condition, conditions } from "./lucene";
import { all, is, quoted } from "./query";

export type Held = "is" | "not" | null;

/** Return whether *query* asks for *value* in *field* (`is`), forbids it (`not`), or says nothing of it. */
export function held(query: string, field: string, value: string): Held {
  const found = (conditions(query) ?? []).find((each) => each.field === field && each.values?.includes(value));
  return found ? (found.negated ? "not" : "is") : null;
}

/** Return *query* with *value* of *field* asked for as well as the values that it asks for already, or no longer. */
export function toggleIs(query: string, field: string, value: string): string {
  const known = conditions(query);
  if (!known) return all(query, is(field, value));
  if (held(query, field, value) === "is") return drop(query, field, value);
  const free = drop(query, field, value);
  const asked = (conditions(free) ?? []).find((each) => each.field === field && !each.negated && each.values);
  if (!asked) return join(free, is(field, value));
  return replace(free, asked, oneOf(field, [...(asked.values ?? []), value]));
}

/** Return *query* with *value* of *field* forbidden, or no longer. */
export function toggleNot(query: string, field: string, value: string): string {
  if (!conditions(query)) return all(query, `-${is(field, value)}`);
  const free = drop(query, field, value);
  return held(query, field, value) === "not" ? free : join(free, `-${is(field, value)}`);
}

/** Return *query* without all that it says of *field* in conditions of their own. */
export function without(query: string, field: string): string {
  const known = conditions(query);
  if (!known?.some((each) => each.field === field)) return query;
  return rebuilt(query, known.filter((each) => each.field !== field));
}

/** Return *query* without its condition number *at*. */
export function withoutCondition(query: string, at: number): string {
  return rebuilt(query, (conditions(query) ?? []).filter((_, index) => index !== at));
}

/** Return the condition that *field* has one of *values*. */
function oneOf(field: string, values: readonly string[]): string {
  if (values.length === 1) return is(field, values[0] ?? "");
  return `${field}:(${values.map(quoted).join(" OR ")})`;
}

function drop(query: string, field: string, value: string): string {
  const known = conditions(query) ?? [];
  const kept = known.flatMap((each) => {
    const text = query.slice(each.from, each.to);
    if (each.field !== field || !each.values?.includes(value)) return [text];
    const values = each.values.filter((other) => other !== value);
    return values.length > 0 ? [`${each.negated ? "-" : ""}${oneOf(field, values)}`] : [];
  });
  return kept.length === known.length && kept.every((text, at) => text === query.slice(known[at]?.from, known[at]?.to)) ? query : kept.join(glue(query));
}

function replace(query: string, one: Condition, text: string): string {
  return `${query.slice(0, one.from)}${text}${query.slice(one.to)}`;
}

function join(query: string, condition: string): string {
  return query.trim() === "" ? condition : `${query.trim()}${glue(query)}${condition}`;
}

function rebuilt(query: string, kept: readonly Condition[]): string {
  return kept.map((each) => query.slice(each.from, each.to)).join(glue(query));
}

/** Return what stands between conditions in *query*: nothing but a space where its writer left AND out. */
function glue(query: string): string {
  const known = conditions(query) ?? [];
  const between = known.slice(1).map((each, at) => query.slice(known[at]?.to, each.from));
  return between.length > 0 && !between.some((text) => text.includes("AND")) ? " " : " AND ";
}
