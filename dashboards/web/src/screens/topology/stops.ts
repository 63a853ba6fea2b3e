// What of the page an event or the focus is on: a node or an edge of the picture, and where the Tab key stops in it.
import type { Layout } from "./layout";
import type { Stop } from "./moving";
import type { Chosen } from "./search";

/** Return the node or edge that *target* belongs to. */
export function targetOf(target: EventTarget | null): Chosen | undefined {
  if (!(target instanceof Element)) return undefined;
  const found = target.closest<HTMLElement | SVGElement>("[data-node], [data-edge]");
  return found ? { node: found.dataset["node"], edge: found.dataset["edge"] } : undefined;
}

/** Return the stop that *target* belongs to; on the line that is *before*, the same end of it. */
export function stopOf(target: EventTarget | null, laid: Layout, before: Stop | undefined): Stop | undefined {
  const key = target instanceof Element ? target.closest<HTMLElement | SVGElement>("[data-stop]")?.dataset["stop"] : undefined;
  if (key === undefined) return undefined;
  if (!key.startsWith("line ")) return { item: key };
  const number = Number(key.slice(5));
  if (before && "line" in before && before.line === number) return before;
  const line = laid.lines.find((each) => each.edge === number);
  return line ? { line: number, anchor: line.from } : undefined;
}

/** Return *stop* while it is still in the picture. */
export function standing(laid: Layout, stop: Stop | undefined): Stop | undefined {
  if (!stop) return undefined;
  const there = "item" in stop ? laid.items.some((item) => item.key === stop.item) : laid.lines.some((line) => line.edge === stop.line && (line.from === stop.anchor || line.to === stop.anchor));
  return there ? stop : undefined;
}

/** Return where the Tab key stops first: on the node that the picture is about. */
export function firstStop(laid: Layout, focus: string | undefined): Stop | undefined {
  const item = laid.items.find((each) => each.id === focus) ?? laid.items[0];
  return item ? { item: item.key } : undefined;
}
