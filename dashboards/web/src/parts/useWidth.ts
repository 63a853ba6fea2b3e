// The width of an element in px, followed as it changes.
import { type RefObject, useLayoutEffect, useState } from "react";

/** Return the inner width of *element*; *before* until it is known. */
export function useWidth(element: RefObject<HTMLElement | null>, before: number): number {
  const [width, setWidth] = useState(before);
  useLayoutEffect(() => {
    const measured = element.current;
    if (!measured) return undefined;
    const measure = () => setWidth(measured.clientWidth || before);
    measure();
    if (typeof ResizeObserver === "undefined") return undefined;
    const sizes = new ResizeObserver(measure);
    sizes.observe(measured);
    return () => sizes.disconnect();
  }, [element, before]);
  return width;
}
