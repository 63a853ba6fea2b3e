// How large the picture is drawn, and what stays where it was when that changes. Pure.
import type { Layout } from "./layout";
import type { Point } from "./layout/model";

export const SCALE_LEAST = 2;
export const SCALE_MOST = 200;
export const SCALE_USUAL = 100;
/** What the keys and buttons go through, in percent. */
const STEPS = [2, 3, 4, 6, 8, 11, 15, 20, 25, 35, 50, 75, 100, 125, 150, 200] as const;
const HARDLY = 0.05;
/** Of a wheel: how much of the scale one px of turning is. A mouse turns by 100 px or more at once, fingers on a pad by a few. */
const WHEEL_SHARE = 0.006;
const TURN_MOST = 50;
const LINE_PX = 16;

/** How much wider and how much higher the picture is than at 100 %. */
export type Factors = { x: number; y: number };

export function inBounds(scale: number): number {
  return Math.min(Math.max(scale, SCALE_LEAST), SCALE_MOST);
}

/** Return *scale* as the address has it: in tenths of a percent. */
export function rounded(scale: number): number {
  return Math.round(scale * 10) / 10;
}

/** Return the next step above or below *scale*. */
export function stepped(scale: number, larger: boolean): number {
  const next = larger ? STEPS.find((each) => each > scale + HARDLY) : STEPS.findLast((each) => each < scale - HARDLY);
  return next ?? (larger ? SCALE_MOST : SCALE_LEAST);
}

/** Return the scale after a turn of the wheel, which goes up by as many lines as it goes down. */
export function turned(scale: number, turn: Pick<WheelEvent, "deltaY" | "deltaMode">): number {
  const px = turn.deltaY * (turn.deltaMode === 0 ? 1 : LINE_PX);
  const held = Math.min(Math.max(px, -TURN_MOST), TURN_MOST);
  return inBounds(scale * Math.exp(-held * WHEEL_SHARE));
}

/** Return the scale at which all of a picture is seen at once: 100 at most. */
export function wholeScale(laid: Layout, height: number): number {
  if (height <= 0 || laid.height <= height) return SCALE_USUAL;
  return Math.max(SCALE_LEAST, Math.floor((height / laid.height) * 1000) / 10);
}

/** Return how the picture is drawn at *scale*.
 *
 * Lanes are as wide as there is room: a smaller picture has lower rows, and is narrower only where it would not fit.
 */
export function factorsOf(scale: number, laid: Layout, room: number): Factors {
  const y = scale / SCALE_USUAL;
  if (y >= 1) return { x: y, y };
  const fitting = laid.width > 0 ? room / laid.width : 1;
  return { x: Math.max(y, Math.min(1, fitting)), y };
}

/** Return the layout as it is drawn; what is larger than usual is made so by the one who draws it. */
export function squeezed(laid: Layout, { x, y }: Factors): Layout {
  if (y >= 1) return laid;
  const at = (point: Point): Point => ({ x: point.x * x, y: point.y * y });
  return {
    order: laid.order,
    width: laid.width * x,
    height: laid.height * y,
    items: laid.items.map((item) => ({ ...item, x: item.x * x, y: item.y * y, width: item.width * x, height: item.height * y })),
    lines: laid.lines.map((line) => {
      const [a, b, c, d] = line.points;
      return { ...line, points: [at(a), at(b), at(c), at(d)] };
    }),
  };
}

/** Return how far to scroll so that what was under *pin*, a point of the view, stays there. */
export function pinned(scrolled: Point, pin: Point, before: Factors, after: Factors): Point {
  return {
    x: ((scrolled.x + pin.x) * after.x) / before.x - pin.x,
    y: ((scrolled.y + pin.y) * after.y) / before.y - pin.y,
  };
}
