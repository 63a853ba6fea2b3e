// The keyboard shortcuts that hold on this page, on `?`.
import { useState } from "react";
import { Dialog } from "@/parts/Dialog";
import css from "./Help.module.css";
import { type Shortcut, useShortcut, useShortcuts } from "./keys";

const APPLE = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Return how a shortcut is shown: its keys, one after the other. */
export function keysShown(keys: string, apple = APPLE): string[] {
  return keys.split(" ").map((key) => {
    if (key.startsWith("mod+")) return `${apple ? "⌘" : "Ctrl "}${key.length === 5 ? key.slice(4).toUpperCase() : key.slice(4)}`;
    return ({ Escape: "Esc", ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", " ": "Space" } as Record<string, string>)[key] ?? key;
  });
}

export function Help() {
  const [open, setOpen] = useState(false);
  const shortcuts = useShortcuts();
  useShortcut("?", "Keyboard shortcuts", () => setOpen(true));
  const places = shortcuts.filter((each) => each.keys.startsWith("g "));
  const others = shortcuts.filter((each) => !each.keys.startsWith("g "));
  return (
    <>
      <button type="button" className={css.opener} onClick={() => setOpen(true)} aria-label="Keyboard shortcuts">
        ?
      </button>
      <Dialog title="Keyboard shortcuts" open={open} onClose={() => setOpen(false)}>
        <div className={css.columns}>
          <List title="On this page" shortcuts={unique(others)} />
          <List title="Go to" shortcuts={unique(places)} />
        </div>
      </Dialog>
    </>
  );
}

function unique(shortcuts: readonly Shortcut[]): Shortcut[] {
  return [...new Map(shortcuts.map((each) => [`${each.keys} ${each.what}`, each])).values()];
}

function List({ title, shortcuts }: { title: string; shortcuts: readonly Shortcut[] }) {
  return (
    <div>
      <h3>{title}</h3>
      <dl className={css.list}>
        {shortcuts.map((each) => (
          <div key={`${each.keys} ${each.what}`}>
            <dt>
              {keysShown(each.keys).map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{each.what}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
