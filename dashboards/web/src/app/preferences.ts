// What somebody prefers, kept in this browser: theme, zone of times, how often to ask again. What can be linked is in the address instead.
import { useSyncExternalStore } from "react";
import type { Zone } from "@/model/time";

export type Theme = "system" | "light" | "dark";

export type Preferences = {
  theme: Theme;
  zone: Zone;
  /** ms between two asks; 0 for never. */
  refreshMs: number;
};

const KEY = "hoptrail.preferences";
const DEFAULTS: Preferences = { theme: "system", zone: "local", refreshMs: 5000 };
const listeners = new Set<() => void>();
let held: Preferences | undefined;

function read(): Preferences {
  if (held) return held;
  let stored: unknown = null;
  try {
    stored = JSON.parse(localStorage.getItem(KEY) ?? "null");
  } catch {
    // A damaged or forbidden store means the defaults.
  }
  held = { ...DEFAULTS, ...(typeof stored === "object" ? stored : null) };
  return held;
}

/** Change some preferences; every part of the page that uses them follows. */
export function prefer(changed: Partial<Preferences>): void {
  held = { ...read(), ...changed };
  try {
    localStorage.setItem(KEY, JSON.stringify(held));
  } catch {
    // They hold until the page is left.
  }
  follow();
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, read);
}

/** Return the ms after which what is shown is asked for again; false for never. */
export function useRefresh(): number | false {
  return usePreferences().refreshMs || false;
}

const DARK = "(prefers-color-scheme: dark)";

function isDark(): boolean {
  const { theme } = read();
  return theme === "dark" || (theme === "system" && globalThis.matchMedia?.(DARK).matches);
}

/** Return whether the page is dark now, as the preference or the system has it. */
export function useIsDark(): boolean {
  return useSyncExternalStore(subscribe, isDark);
}

/** Write the theme in force at the root of the page. */
export function applyTheme(): void {
  document.documentElement.dataset["theme"] = isDark() ? "dark" : "light";
}

function follow(): void {
  applyTheme();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

globalThis.matchMedia?.(DARK).addEventListener("change", follow);
