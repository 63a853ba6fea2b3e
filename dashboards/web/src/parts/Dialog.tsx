// A dialog over the page: the browser's own, which holds the focus, closes on Escape, and gives the focus back.
import { type ReactNode, useEffect, useRef } from "react";
import css from "./Dialog.module.css";

/** *firm*: a click beside it does not close it, for what would be lost by that. */
type Props = { title: string; open: boolean; onClose: () => void; children: ReactNode; wide?: boolean; bare?: boolean; firm?: boolean };

export function Dialog({ title, open, onClose, children, wide = false, bare = false, firm = false }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const beganInside = useRef(false);
  useEffect(() => {
    const dialog = element.current;
    if (!dialog) return;
    if (open && !dialog.open) dialog.showModal();
    if (!open && dialog.open) dialog.close();
  }, [open]);
  return (
    // The backdrop is a part of the dialog: a click on the dialog itself is one beside its content, unless the button went down
    // within it, as when text is marked. Escape does it by keyboard.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={element}
      className={`${css.dialog} ${wide ? css.wide : ""}`}
      aria-label={title}
      onClose={onClose}
      onPointerDown={(event) => {
        beganInside.current = event.target !== event.currentTarget;
      }}
      onClick={(event) => {
        if (!firm && event.target === event.currentTarget && !beganInside.current) onClose();
        beganInside.current = false;
      }}
    >
      {open ? (
        <div className={css.inside}>
          {bare ? null : (
            <header className={css.head}>
              <h2>{title}</h2>
              <button type="button" className={css.close} onClick={onClose}>
                Close
              </button>
            </header>
          )}
          {children}
        </div>
      ) : null}
    </dialog>
  );
}
