// Zooms the picture by Ctrl or ⌘ and the wheel, or by two fingers, around where they are; plain scrolling is left alone.
import { type RefObject, useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from "react";
import type { Layout } from "./layout";
import type { Point } from "./layout/model";
import { type Factors, factorsOf, inBounds, pinned, rounded, turned } from "./zoom";

const SETTLED_MS = 250;

type Zoom = {
  laid: Layout;
  /** Percent, as the address has it. */
  scale: number;
  /** How wide the picture may be, in px. */
  room: number;
  /** How far below the top of the board the picture begins, in px. */
  top: number;
  /** Called once the hand rests. */
  onScale: (scale: number) => void;
};

/** The scale of the address and that of the hand, and the point of the view that stays; without one see {@link keptOf}. */
type Held = { told: number; live: number; pin: Point | undefined };

/** Return how large the picture is drawn now. What is under the pointer stays there; without one, what has the focus or is in the middle. */
export function useZoom(board: RefObject<HTMLElement | null>, { laid, scale, room, top, onScale }: Zoom): Factors {
  const [held, setHeld] = useState<Held>({ told: scale, live: scale, pin: undefined });
  // What the hand left is told in tenths of a percent: nothing moves by that.
  if (held.told !== scale) setHeld(rounded(held.live) === scale ? { ...held, told: scale } : { told: scale, live: scale, pin: undefined });
  const factors = factorsOf(held.live, laid, room);
  usePinned(board, held.pin, factors, top);
  const timer = useRef(0);
  const settle = useEffectEvent(() => onScale(rounded(held.live)));
  const zoom = useEffectEvent((at: Point, change: (before: number) => number) => {
    setHeld((before) => ({ ...before, live: change(before.live), pin: at }));
    clearTimeout(timer.current);
    timer.current = window.setTimeout(settle, SETTLED_MS);
  });
  useEffect(() => {
    const element = board.current;
    if (!element) return undefined;
    const inside = (x: number, y: number) => {
      const { left, top: above } = element.getBoundingClientRect();
      return { x: x - left, y: y - above - top };
    };
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(inside(event.clientX, event.clientY), (before) => turned(before, event));
    };
    let apart = 0;
    const onTouch = (event: TouchEvent) => {
      const [one, other] = event.touches;
      const now = one && other ? Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) : 0;
      if (one && other && event.cancelable) {
        event.preventDefault();
        const ratio = now / apart;
        if (apart > 0) zoom(inside((one.clientX + other.clientX) / 2, (one.clientY + other.clientY) / 2), (before) => inBounds(before * ratio));
      }
      apart = now;
    };
    // Listeners of React would be passive, and could not keep the browser from zooming the page.
    const active = { passive: false };
    element.addEventListener("wheel", onWheel, active);
    for (const kind of ["touchstart", "touchmove", "touchend"] as const) element.addEventListener(kind, onTouch, active);
    return () => {
      element.removeEventListener("wheel", onWheel);
      for (const kind of ["touchstart", "touchmove", "touchend"] as const) element.removeEventListener(kind, onTouch);
      clearTimeout(timer.current);
    };
  }, [board, top]);
  return factors;
}

/** Scroll after each change of *factors* so that *pin* stays where it is. */
function usePinned(board: RefObject<HTMLElement | null>, pin: Point | undefined, factors: Factors, top: number): void {
  const before = useRef(factors);
  // Once the picture is lower than before, the browser has already scrolled: where it was is kept beside.
  const scrolled = useRef<Point>({ x: 0, y: 0 });
  useEffect(() => {
    const element = board.current;
    const follow = () => {
      if (element) scrolled.current = { x: element.scrollLeft, y: element.scrollTop };
    };
    element?.addEventListener("scroll", follow, { passive: true });
    return () => element?.removeEventListener("scroll", follow);
  }, [board]);
  useLayoutEffect(() => {
    const element = board.current;
    const { x, y } = before.current;
    if (!element || (x === factors.x && y === factors.y)) return;
    before.current = factors;
    const next = pinned(scrolled.current, pin ?? keptOf(element, top, scrolled.current.y, factors.y / y), { x, y }, factors);
    element.scrollTo({ left: next.x, top: next.y });
    scrolled.current = { x: element.scrollLeft, y: element.scrollTop };
  }, [board, pin, factors, top]);
}

/** Return the point of the view that stays when no pointer says which: what has the focus if it was in view, else the middle. */
function keptOf(board: HTMLElement, top: number, scrolledTop: number, grown: number): Point {
  const middle = { x: board.clientWidth / 2, y: (board.clientHeight - top) / 2 };
  const focused = document.activeElement;
  if (!focused || focused === board || !board.contains(focused)) return middle;
  const { top: above, height } = focused.getBoundingClientRect();
  const now = above + height / 2 - board.getBoundingClientRect().top - top + board.scrollTop;
  const was = now / grown - scrolledTop;
  return was >= 0 && was <= board.clientHeight - top ? { x: middle.x, y: was } : middle;
}
