// Where the arrow keys lead in the picture: up and down in a lane or among the lines of a node, left and right along the lines. Pure.
import { type Item, LANES, type Layout, type Line } from "./layout";

/** Where the keyboard is: on an item, or on a line, come to from item `anchor`. */
export type Stop = { item: string } | { line: number; anchor: string };
export type Arrow = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight" | "Home" | "End";

export const ARROWS: ReadonlySet<string> = new Set<Arrow>(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"]);

/** Return the stop that *arrow* leads to from *at*; *at* itself where it leads nowhere. */
export function moved(laid: Layout, at: Stop, arrow: Arrow): Stop {
  return "item" in at ? fromItem(laid, at, arrow) : fromLine(laid, at, arrow);
}

function fromItem(laid: Layout, at: { item: string }, arrow: Arrow): Stop {
  const item = laid.items.find((each) => each.key === at.item);
  if (!item) return at;
  if (arrow === "ArrowLeft" || arrow === "ArrowRight") {
    const first = linesOn(laid, item.key, arrow === "ArrowRight")[0];
    return first ? { line: first.edge, anchor: item.key } : (beside(laid, item, arrow === "ArrowRight") ?? at);
  }
  const lane = laid.order[item.lane];
  const place = lane.indexOf(item.key);
  const next = { ArrowUp: place - 1, ArrowDown: place + 1, Home: 0, End: lane.length - 1 }[arrow];
  const key = lane[Math.min(Math.max(next, 0), lane.length - 1)];
  return key === undefined ? at : { item: key };
}

function fromLine(laid: Layout, at: { line: number; anchor: string }, arrow: Arrow): Stop {
  const line = laid.lines.find((each) => each.edge === at.line);
  if (!line) return at;
  const onRight = startsRight(line, at.anchor);
  if (arrow === "ArrowLeft" || arrow === "ArrowRight") {
    const away = (arrow === "ArrowRight") === onRight;
    const other = line.from === at.anchor ? line.to : line.from;
    return { item: away ? other : at.anchor };
  }
  const lines = linesOn(laid, at.anchor, onRight);
  const place = lines.findIndex((each) => each.edge === at.line);
  const next = { ArrowUp: place - 1, ArrowDown: place + 1, Home: 0, End: lines.length - 1 }[arrow];
  const found = lines[Math.min(Math.max(next, 0), lines.length - 1)];
  return found ? { line: found.edge, anchor: at.anchor } : at;
}

/** Return whether *line* touches the right side of *item*. */
function startsRight(line: Line, item: string): boolean {
  if (line.direction === "within") return true;
  return (line.direction === "forward") === (line.from === item);
}

function ownEnd(line: Line, item: string): number {
  return (line.from === item ? line.points[0] : line.points[3]).y;
}

/** Return the lines at one side of an item from the top. */
export function linesOn(laid: Layout, item: string, right: boolean): Line[] {
  return laid.lines
    .filter((line) => (line.from === item || line.to === item) && startsRight(line, item) === right)
    .toSorted((one, other) => ownEnd(one, item) - ownEnd(other, item) || one.edge - other.edge);
}

function beside(laid: Layout, item: Item, right: boolean): Stop | undefined {
  for (let lane = item.lane + (right ? 1 : -1); lane >= 0 && lane < LANES.length; lane += right ? 1 : -1) {
    const near = laid.items.filter((each) => each.lane === lane).toSorted((one, other) => Math.abs(one.y - item.y) - Math.abs(other.y - item.y))[0];
    if (near) return { item: near.key };
  }
  return undefined;
}

export function stopKey(stop: Stop): string {
  return "item" in stop ? stop.item : `line ${stop.line}`;
}
