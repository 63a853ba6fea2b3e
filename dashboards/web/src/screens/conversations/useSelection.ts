// The message that is looked at: at once on the screen, and a moment later in the address, so that a held key does not write it at every step.
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";

const WRITE_AFTER_MS = 200;
const route = getRouteApi("/conversations/$traceId");

/** Return the uid that is looked at, the one that stands in the address, and what looks at another; undefined is none. */
export function useSelection(): { now: string | undefined; written: string | undefined; select: (uid: string | undefined) => void } {
  const { sel } = route.useSearch();
  const navigate = useNavigate();
  const [now, setNow] = useState(sel);
  const own = useRef(sel);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    // What this wrote itself comes back here; what comes from elsewhere (back, a link) counts.
    if (sel === own.current) return;
    own.current = sel;
    setNow(sel);
  }, [sel]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const select = useCallback(
    (uid: string | undefined) => {
      setNow(uid);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        own.current = uid;
        void navigate({ to: ".", search: (before: Record<string, unknown>) => ({ ...before, sel: uid }), replace: true });
      }, WRITE_AFTER_MS);
    },
    [navigate],
  );
  return { now, written: sel, select };
}
