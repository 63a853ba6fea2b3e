// Lets the picture be dragged by the mouse, from wherever it is taken hold of; a press that does not move stays a click.
import { type MouseEvent, type PointerEvent, useRef } from "react";
import { type Drag, dragged, isDrag } from "./dragging";

/** Return the handlers of what is dragged; the board that scrolls is its parent. */
export function usePan() {
  const drag = useRef<Drag>(undefined);
  const moved = useRef(false);
  return {
    onPointerDown: (event: PointerEvent) => {
      const board = event.currentTarget.parentElement;
      moved.current = false;
      if (!board || event.button !== 0 || event.pointerType !== "mouse") return;
      drag.current = { x: event.clientX, y: event.clientY, left: board.scrollLeft, top: board.scrollTop };
    },
    onPointerMove: (event: PointerEvent) => {
      if (!drag.current) return;
      if (event.buttons === 0) {
        drag.current = undefined;
        return;
      }
      if (!moved.current && !isDrag(drag.current, event.clientX, event.clientY)) return;
      if (!moved.current) event.currentTarget.setPointerCapture(event.pointerId);
      moved.current = true;
      event.currentTarget.parentElement?.scrollTo(dragged(drag.current, event.clientX, event.clientY));
    },
    onPointerUp: () => {
      drag.current = undefined;
    },
    /** The browser tells of a click after a drag too. */
    onClickCapture: (event: MouseEvent) => {
      const isByMouse = event.detail > 0;
      if (moved.current && isByMouse) event.stopPropagation();
      moved.current = false;
    },
  };
}
