// How the lines run: from the side of one item to that of another, their ends spread over the side in the order of where they go.
import type { Ends, Item, Line, Point, Direction } from "./model";

/** Half of the side that line ends are spread over, as a part of the height. */
const SPREAD = 0.36;
const BULGE_LEAST = 18;
const BULGE_MOST = 64;

type Port = { line: number; start: boolean; item: Item; side: -1 | 1; other: Item };

function directionOf({ fromLane, toLane }: Ends): Direction {
  return fromLane === toLane ? "within" : fromLane < toLane ? "forward" : "back";
}

/** Return a line for each of *ends*. */
export function lines(items: ReadonlyMap<string, Item>, ends: readonly Ends[]): Line[] {
  const drawn = ends.flatMap((end) => {
    const [from, to] = [items.get(end.from), items.get(end.to)];
    return from && to ? [{ end, from, to, direction: directionOf(end) }] : [];
  });
  const ports = drawn.flatMap(({ from, to, direction }, line): Port[] => {
    const out = direction === "back" ? -1 : 1;
    const into = direction === "forward" ? -1 : 1;
    return [
      { line, start: true, item: from, side: out, other: to },
      { line, start: false, item: to, side: into, other: from },
    ];
  });
  const placed = spread(ports);
  return drawn.map(({ end, direction }, line) => {
    const start = placed.get(`${line} out`) ?? { x: 0, y: 0 };
    const stop = placed.get(`${line} in`) ?? { x: 0, y: 0 };
    return { edge: end.edge, from: end.from, to: end.to, direction, points: curve(start, stop, direction) };
  });
}

function spread(ports: readonly Port[]): Map<string, Point> {
  const sides = new Map<string, Port[]>();
  for (const port of ports) {
    const key = `${port.side} ${port.item.key}`;
    const known = sides.get(key);
    if (known) known.push(port);
    else sides.set(key, [port]);
  }
  const placed = new Map<string, Point>();
  for (const side of sides.values()) {
    const sorted = side.toSorted((one, other) => one.other.y - other.other.y || one.other.x - other.other.x || one.line - other.line || Number(one.start) - Number(other.start));
    sorted.forEach(({ item, side: towards, line, start }, at) => {
      const share = sorted.length === 1 ? 0 : (at / (sorted.length - 1)) * 2 - 1;
      const reach = Math.min(SPREAD, 0.11 * (sorted.length - 1)) * item.height;
      placed.set(`${line} ${start ? "out" : "in"}`, {
        x: towards === 1 ? item.x + item.width : item.x,
        y: item.y + item.height / 2 + share * reach,
      });
    });
  }
  return placed;
}

function curve(from: Point, to: Point, direction: Direction): Line["points"] {
  if (direction === "within") {
    const bulge = Math.min(BULGE_MOST, BULGE_LEAST + Math.abs(to.y - from.y) / 5);
    return [from, { x: from.x + bulge, y: from.y }, { x: to.x + bulge, y: to.y }, to];
  }
  const half = (to.x - from.x) / 2;
  return [from, { x: from.x + half, y: from.y }, { x: to.x - half, y: to.y }, to];
}

/** Return the SVG path of a line. */
export function pathOf({ points: [a, b, c, d] }: Pick<Line, "points">): string {
  return `M${short(a.x)} ${short(a.y)}C${short(b.x)} ${short(b.y)} ${short(c.x)} ${short(c.y)} ${short(d.x)} ${short(d.y)}`;
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Return the middle of a line. */
export function middleOf({ points: [a, b, c, d] }: Pick<Line, "points">): Point {
  return { x: (a.x + 3 * b.x + 3 * c.x + d.x) / 8, y: (a.y + 3 * b.y + 3 * c.y + d.y) / 8 };
}
