// Numbers as people read them: grouped, with short units, and with what a total rests on.

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Return a whole number with its thousands apart: `12,345`. */
export function count(value: number): string {
  return grouped.format(value);
}

/** Return a total with its basis: `3,214`, or `at least 10,000`. */
export function total(value: number, basis: "exact" | "at_least"): string {
  return basis === "exact" ? count(value) : `at least ${count(value)}`;
}

/** Return how many of a total are shown: `500 of 3,214`; the total alone when all are. */
export function ofTotal(shownCount: number, value: number, basis: "exact" | "at_least"): string {
  if (basis === "exact" && shownCount >= value) return count(value);
  return `${count(shownCount)} of ${total(value, basis)}`;
}

/** Return the same with what is counted: `500 of 3,214 facts`, `1 fact`. */
export function ofPlural(shownCount: number, value: number, basis: "exact" | "at_least", one: string, many = `${one}s`): string {
  return `${ofTotal(shownCount, value, basis)} ${value === 1 && basis === "exact" ? one : many}`;
}

/** Return a number in three digits: `0.05`, `3.4`, `120`, `12.3k`, `4.5M`. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 999_500) return `${Number((value / 1_000_000).toPrecision(3))}M`;
  if (size >= 9_995) return `${Number((value / 1000).toPrecision(3))}k`;
  if (size >= 1000) return count(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

/** Return a share (0 to 1) in percent: `99.98 %`; what is not all is never 100, and what is something never 0. */
export function percentOf(share: number, digits = 0): string {
  const least = 10 ** -digits;
  const some = share > 0 && share < 1;
  return `${(some ? Math.min(Math.max(share * 100, least), 100 - least) : share * 100).toFixed(digits)} %`;
}

/** Return bytes with their unit: `812 B`, `3.4 KB`, `12 MB` (powers of 1,000). */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  if (value < 999_500) return `${Number((value / 1000).toPrecision(3))} KB`;
  if (value < 999_500_000) return `${Number((value / 1_000_000).toPrecision(3))} MB`;
  return `${Number((value / 1_000_000_000).toPrecision(3))} GB`;
}

/** Return a rate per second: `0/s`, `0.02/s`, `14/s`; nothing known is a dash. */
export function rate(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : `${short(value)}/s`;
}

/** Return *one* or *many* as *value* asks, with the number: `1 message`, `2 messages`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
