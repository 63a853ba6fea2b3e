// The panel at the right: the selected thing beside its list. Escape closes it; on a narrow screen it lies over the list.
import type { ReactNode } from "react";
import { useShortcut } from "@/app/keys";
import css from "./Panel.module.css";

type Props = { label: string; title: ReactNode; onClose: () => void; children: ReactNode };

export function Panel({ label, title, onClose, children }: Props) {
  useShortcut("Escape", "Close the panel", onClose);
  return (
    <aside className={css.panel} aria-label={label}>
      <header className={css.head}>
        <h2>{title}</h2>
        <button type="button" className={css.close} onClick={onClose} title="Escape">
          Close
        </button>
      </header>
      {/* What is longer than the panel is scrolled by keyboard too. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={css.inside} role="region" aria-label={`${label}, content`} tabIndex={0}>
        {children}
      </div>
    </aside>
  );
}
