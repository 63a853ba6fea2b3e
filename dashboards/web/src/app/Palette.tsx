// The command palette, on Ctrl K or ⌘ K: every screen, service, queue and exchange by a part of its name.
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useId, useState } from "react";
import { topologyQuery } from "@/api/shared";
import { toParam } from "@/model/names";
import { Dialog } from "@/parts/Dialog";
import { useShortcut } from "./keys";
import css from "./Palette.module.css";
import { type Item, nodeItems, offered } from "./palette-items";
import { PLACES } from "./Rail";

const SCREENS: readonly Item[] = [...PLACES.map((place) => ({ key: place.to, kind: "screen", name: place.name, to: place.to })), { key: "/retries", kind: "screen", name: "Retries", to: "/retries" }];

export function Palette() {
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  useShortcut("mod+k", "Go to anything", () => setOpen(true));
  return (
    <Dialog title="Go to anything" open={open} onClose={close} bare>
      <Offers close={close} />
    </Dialog>
  );
}

function Offers({ close }: { close: () => void }) {
  const { data } = useQuery(topologyQuery(false));
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const items = offered([...SCREENS, ...nodeItems(data?.nodes ?? [], toParam)], typed);
  const go = (item: Item | undefined) => {
    if (!item) return;
    close();
    void navigate({ to: item.to, params: item.params ?? {}, search: item.search ?? {} });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((at + step + items.length) % Math.max(items.length, 1));
    else if (event.key === "Enter") go(items[at]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        className={css.typed}
        role="combobox"
        aria-label="Go to"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={items[at] ? `${list}-${at}` : undefined}
        placeholder="A screen, service, queue, exchange, message id or query"
        autoComplete="off"
        spellCheck={false}
        // The palette is opened to type into it.
        // oxlint-disable-next-line jsx-a11y/no-autofocus
        autoFocus
        value={typed}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
      />
      <div id={list} role="listbox" aria-label="Places" className={css.list}>
        {items.map((item, index) => (
          // The box above holds the focus and moves the choice; a click is the other way.
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
          <div key={item.key} id={`${list}-${index}`} role="option" aria-selected={index === at} className={index === at ? `${css.item} ${css.chosen}` : css.item} onClick={() => go(item)}>
            <span>{item.name}</span>
            <span className="quiet">{item.kind}</span>
          </div>
        ))}
      </div>
    </>
  );
}
