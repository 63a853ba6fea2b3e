// The present, for what says how long ago something was: the same for all parts of the page, and moved once a second.
import { useSyncExternalStore } from "react";

const STEP_MS = 1000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(step, STEP_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

function step(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}

/** Return the present in ms since 1970, in steps of a second. */
export function useNow(): number {
  return useOfNow((present) => present);
}

/** Return what *of* makes of the present (ms since 1970); who asks is drawn again only when that is another value. */
export function useOfNow<T extends string | number | boolean | undefined>(of: (present: number) => T): T {
  return useSyncExternalStore(subscribe, () => of(now));
}
