// Keyboard shortcuts: screens register theirs while they are shown, and the help lists all that hold.
import { useLayoutEffect, useRef, useSyncExternalStore } from "react";

export type Shortcut = { keys: string; what: string };
type Registered = Shortcut & { run: (event: KeyboardEvent) => void };

const registered = new Set<Registered>();
const listeners = new Set<() => void>();
let listed: readonly Shortcut[] = [];
let prefix = "";
let prefixEnds = 0;
const PREFIX_MS = 1200;

/** Let *keys* (`j`, `?`, `g m` one after the other, `mod+k` with Ctrl or ⌘) do *run* while the component is shown.
 *
 * It does not act while text is typed, except with `mod` or `Escape`, nor behind an open dialog; `Escape` closes what floats first.
 * With *enabled* false it is neither in force nor listed.
 */
export function useShortcut(keys: string, what: string, run: (event: KeyboardEvent) => void, enabled = true): void {
  const latest = useRef(run);
  // What can be seen can be used: an effect that waits until after the drawing would leave a key pressed by then to what was drawn before.
  useLayoutEffect(() => {
    latest.current = run;
  });
  useLayoutEffect(() => {
    if (!enabled) return undefined;
    const one: Registered = { keys, what, run: (event) => latest.current(event) };
    registered.add(one);
    changed();
    return () => {
      registered.delete(one);
      changed();
    };
  }, [keys, what, enabled]);
}

/** Return the shortcuts that hold now. */
export function useShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => listed,
  );
}

function changed(): void {
  listed = [...registered].map(({ keys, what }) => ({ keys, what }));
  for (const listener of listeners) listener();
}

/** Return how a key press is written in a shortcut. */
export function pressed(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">): string {
  if (event.ctrlKey || event.metaKey) return `mod+${event.key.toLowerCase()}`;
  return event.altKey ? `alt+${event.key.toLowerCase()}` : event.key;
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  // A browser that fills a form in tells of keys without a name.
  if (!event.key) return;
  const key = pressed(event);
  if (key === "Escape" && document.querySelector(":popover-open")) return;
  if (typing(event.target) && !key.startsWith("mod+") && key !== "Escape") return;
  const sequence = prefix && Date.now() < prefixEnds ? `${prefix} ${key}` : key;
  prefix = "";
  // The one registered last is the innermost, and goes first.
  const found = [...registered].toReversed().find((each) => each.keys === sequence) ?? [...registered].toReversed().find((each) => each.keys === key);
  if (found) {
    event.preventDefault();
    found.run(event);
  } else if ([...registered].some((each) => each.keys.startsWith(`${key} `))) {
    prefix = key;
    prefixEnds = Date.now() + PREFIX_MS;
  }
}

if (typeof document !== "undefined") document.addEventListener("keydown", onKey);
