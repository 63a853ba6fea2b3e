// Searches that somebody named, and those of late, kept in this browser.
import { useSyncExternalStore } from "react";
import { rangeSaid } from "./range";
import type { Zone } from "./time";

/** The range and the columns as the address had them; "" for all that is kept, and for the columns of the start. */
export type View = { since: string; until: string; cols: string };

/** One without a view is from before views were kept: it is opened in the range and with the columns of then. */
export type Saved = { name: string; q: string; view?: View };

export type Searches = { saved: readonly Saved[]; recent: readonly string[] };

export const RECENT_MAX = 12;
export const SAVED_MAX = 100;
const KEY = "hoptrail.searches";
const NONE: Searches = { saved: [], recent: [] };

/** Return *searches* with *q* as the latest; an empty one is not kept. */
export function withRecent(searches: Searches, q: string): Searches {
  const text = q.trim();
  if (text === "") return searches;
  return { ...searches, recent: [text, ...searches.recent.filter((each) => each !== text)].slice(0, RECENT_MAX) };
}

/** Return *searches* with *search*, in place of what had its name. */
export function withSaved(searches: Searches, search: Saved): Searches {
  const others = searches.saved.filter((each) => each.name !== search.name);
  const saved = [...others, search].toSorted((one, other) => one.name.localeCompare(other.name, "en"));
  return { ...searches, saved: saved.slice(0, SAVED_MAX) };
}

/** Return *searches* without what is saved under *name*. */
export function withoutSaved(searches: Searches, name: string): Searches {
  return { ...searches, saved: searches.saved.filter((each) => each.name !== name) };
}

/** Return what a saved search holds beside its query, in words: `last hour · columns time, route`. */
export function viewSaid(view: View | undefined, zone: Zone): string {
  if (!view) return "without a range";
  const range = rangeSaid(view.since, view.until, zone);
  return view.cols ? `${range} · columns ${view.cols.replaceAll("_", " ").replaceAll(",", ", ")}` : range;
}

/** Return the searches that *stored* holds; what is damaged counts as none. */
export function read(stored: string | null): Searches {
  let found: unknown;
  try {
    found = JSON.parse(stored ?? "null");
  } catch {
    return NONE;
  }
  if (typeof found !== "object" || found === null) return NONE;
  const { saved, recent } = found as { saved?: unknown; recent?: unknown };
  return {
    saved: Array.isArray(saved) ? saved.flatMap(savedIn) : [],
    recent: Array.isArray(recent) ? recent.filter((each): each is string => typeof each === "string").slice(0, RECENT_MAX) : [],
  };
}

function savedIn(value: unknown): Saved[] {
  const { name, q, view } = (value ?? {}) as Record<string, unknown>;
  if (typeof name !== "string" || typeof q !== "string") return [];
  const { since, until, cols } = (view ?? {}) as Record<string, unknown>;
  const isWhole = typeof since === "string" && typeof until === "string" && typeof cols === "string";
  return [isWhole ? { name, q, view: { since, until, cols } } : { name, q }];
}

const listeners = new Set<() => void>();
let held: Searches | undefined;

function current(): Searches {
  held ??= read(safely(() => localStorage.getItem(KEY)));
  return held;
}

/** Change the searches that are kept, in all tabs of this browser from their next start on. */
export function keepSearches(change: (searches: Searches) => Searches): void {
  held = change(current());
  safely(() => localStorage.setItem(KEY, JSON.stringify(held)));
  for (const listener of listeners) listener();
}

function safely<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch {
    // Where the browser keeps nothing, searches last until the page is left.
    return null;
  }
}

export function useSearches(): Searches {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, current);
}
