// A value once it has stayed the same for a moment, for what is not worth asking at every key.
import { useEffect, useState } from "react";

/** Return the latest of *value* that stayed for *ms*; at first the one that is there. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
