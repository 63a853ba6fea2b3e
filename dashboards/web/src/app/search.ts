// The search parameters of an address: plain text, one value each; what all pages keep is here.

export type Search = Record<string, string>;

/** What is kept from page to page: the range of time, and the time as of which the system is shown. */
export type Kept = { since?: string; until?: string; at?: string };

export const KEPT = ["since", "until", "at"] as const;

/** Return the parameters in the query part of an address; of a repeated one the last. */
export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

/** Return the query part for some parameters; undefined, null, false and "" stand for themselves by being absent. */
export function stringifySearch(search: Record<string, unknown>): string {
  const told = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === false || value === "") continue;
    told.set(name, value === true ? "1" : String(value));
  }
  const text = told.toString();
  return text ? `?${text}` : "";
}

export function kept(search: Record<string, unknown>): Kept {
  const found: Kept = {};
  for (const name of KEPT) {
    const value = search[name];
    if (typeof value === "string" && value !== "") found[name] = value;
  }
  return found;
}

/** Return the text of parameter *name*; undefined when it is absent. */
export function textOf(search: Record<string, unknown>, name: string): string | undefined {
  const value = search[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Return parameter *name* if it is one of *allowed*; undefined otherwise, which means the first. */
export function oneOf<T extends string>(search: Record<string, unknown>, name: string, allowed: readonly T[]): T | undefined {
  const value = search[name];
  return allowed.find((each) => each === value);
}

/** Return parameter *name* as a whole number within bounds; undefined otherwise. */
export function wholeOf(search: Record<string, unknown>, name: string, least: number, most: number): number | undefined {
  const value = Number(search[name] ?? Number.NaN);
  return Number.isInteger(value) && value >= least && value <= most ? value : undefined;
}
