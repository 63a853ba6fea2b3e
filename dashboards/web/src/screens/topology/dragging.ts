// How far a board is scrolled while it is dragged, and when a press becomes a drag. Pure.

/** Where the pointer and the scroll were when the drag began. */
export type Drag = { x: number; y: number; left: number; top: number };

const STILL_PX = 4;

/** Return whether the pointer has gone so far that it drags: a hand that clicks is not quite still. */
export function isDrag(from: Drag, x: number, y: number): boolean {
  return Math.hypot(x - from.x, y - from.y) >= STILL_PX;
}

export function dragged(from: Drag, x: number, y: number): { left: number; top: number } {
  return { left: from.left - (x - from.x), top: from.top - (y - from.y) };
}
