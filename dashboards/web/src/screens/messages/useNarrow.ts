// Whether the window has room for one column only, as on a phone.
import { useSyncExternalStore } from "react";

const NARROW = "(max-width: 800px)";

function subscribe(listener: () => void): () => void {
  const media = matchMedia(NARROW);
  media.addEventListener("change", listener);
  return () => media.removeEventListener("change", listener);
}

export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => matchMedia(NARROW).matches);
}
