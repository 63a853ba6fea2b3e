// Writes the query language: how a value stands in a query, and how conditions are added to one.

const BARE = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u;
const RESERVED = new Set(["AND", "OR", "NOT", "TO"]);

/** Return *value* as it must stand in a query: bare when it is a plain word, else quoted. */
export function quoted(value: string): string {
  if (BARE.test(value) && !RESERVED.has(value)) return value;
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Return the condition that *field* has *value*. */
export function is(field: string, value: string): string {
  return `${field}:${quoted(value)}`;
}

/** Return all of *conditions*, those that say something, as one query. */
export function all(...conditions: (string | null | undefined)[]): string {
  const told = conditions.map((each) => each?.trim() ?? "").filter((each) => each !== "");
  if (told.length < 2) return told[0] ?? "";
  return told.map((each) => (/\sOR\s/.test(each) && !wrapped(each) ? `(${each})` : each)).join(" AND ");
}

function wrapped(query: string): boolean {
  if (!query.startsWith("(") || !query.endsWith(")")) return false;
  let depth = 0;
  for (let i = 0; i < query.length; i += 1) {
    if (query[i] === "(") depth += 1;
    if (query[i] === ")") depth -= 1;
    if (depth === 0 && i < query.length - 1) return false;
  }
  return depth === 0;
}

/** Return the condition for the time of publishing that the range of the top bar sets; null when it sets none. */
export function inRange(since?: string, until?: string): string | null {
  if (!since && !until) return null;
  return `published_at:[${since || "*"} TO ${until || "*"}]`;
}
