// Lays the graph out for the width there is, again only when its shape changes; while the same thing is looked at, what was there keeps its order.
import { type RefObject, useEffect, useMemo, useState } from "react";
import type { Shown } from "./fold";
import { geometryFor, layout, type Layout } from "./layout";

export type Size = { width: number; height: number };

/** Return the size of the element in whole px, and follow it. */
export function useSize(element: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useEffect(() => {
    const watched = element.current;
    if (!watched) return undefined;
    const observer = new ResizeObserver(([entry]) => setSize({ width: Math.floor(entry?.contentRect.width ?? 0), height: Math.floor(entry?.contentRect.height ?? 0) }));
    observer.observe(watched);
    return () => observer.disconnect();
  }, [element]);
  return size;
}

type Held = { shape: string; width: number; looked: string; laid: Layout };

/** *looked* names what is looked at: another one gets an order of its own. The figures of a graph do not move it. */
export function useLaid(shown: Shown, width: number, looked: string): Layout {
  const [held, setHeld] = useState<Held>();
  const shape = useMemo(() => [...shown.nodes.map((node) => node.id), ...shown.edges.map((edge) => edge.key)].join("\n"), [shown]);
  if (held?.shape === shape && held.width === width && held.looked === looked) return held.laid;
  const laid = layout(shown, geometryFor(width), held?.looked === looked && held.laid.items.length > 0 ? held.laid.order : undefined);
  setHeld({ shape, width, looked, laid });
  return laid;
}
