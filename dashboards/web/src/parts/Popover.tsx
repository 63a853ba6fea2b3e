// What opens below a button and floats over the page: the browser's own popover, closed by Escape or a click elsewhere.
import { type ReactNode, type RefObject, useId, useRef } from "react";
import css from "./Popover.module.css";

type Props = { label: string; button: ReactNode; title?: string; children: (close: () => void) => ReactNode };

const MARGIN_PX = 8;
/** As in the styles. */
const WIDTH_PX = 320;

function place(button: RefObject<HTMLButtonElement | null>, floating: RefObject<HTMLDivElement | null>): void {
  const at = button.current?.getBoundingClientRect();
  if (!at || !floating.current) return;
  floating.current.style.top = `${at.bottom + 4}px`;
  // Below the right end of its button, unless that leaves too little room to the left.
  const most = Math.max(MARGIN_PX, globalThis.innerWidth - WIDTH_PX - MARGIN_PX);
  floating.current.style.right = `${Math.min(Math.max(MARGIN_PX, globalThis.innerWidth - at.right), most)}px`;
}

export function Popover({ label, button, title, children }: Props) {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const floating = useRef<HTMLDivElement>(null);
  const close = () => document.getElementById(id)?.hidePopover();
  return (
    <>
      <button ref={opener} type="button" className={css.opener} popoverTarget={id} title={title} aria-haspopup="dialog">
        {button}
      </button>
      <div ref={floating} id={id} popover="auto" role="dialog" aria-label={label} className={css.floating} onBeforeToggle={() => place(opener, floating)}>
        {children(close)}
      </div>
    </>
  );
}
