// The box for a query: a combobox that completes fields and values, offers searches of before, and points at what is wrong.
import { type KeyboardEvent, type RefObject, useId, useLayoutEffect, useRef, useState } from "react";
import { usePreferences } from "@/app/preferences";
import { placeAt } from "@/model/completion";
import { useSearches, type View } from "@/model/searches";
import { useSuggestions, useUid } from "./asks";
import { groupsFor, type Option } from "./options";
import { Options } from "./Options";
import css from "./QueryBox.module.css";

type Props = {
  box: RefObject<HTMLInputElement | null>;
  label: string;
  placeholder: string;
  inForce: string;
  describedBy: string | undefined;
  onSearch: (q: string, view?: View) => void;
  onOpen: (uid: string) => void;
  onTyped: (text: string) => void;
};

export function QueryBox({ box, label, placeholder, inForce, describedBy, onSearch, onOpen, onTyped }: Props) {
  const id = useId();
  const [text, setText] = useState(inForce);
  const [caret, setCaret] = useState(0);
  const [open, setOpen] = useState(false);
  const [asked, setAsked] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const [seen, setSeen] = useState(inForce);
  const caretNext = useRef<number | null>(null);
  if (seen !== inForce) {
    setSeen(inForce);
    setText(inForce);
  }
  const place = open ? placeAt(text, caret) : null;
  const suggestions = useSuggestions(text, place && (place.typed !== "" || place.what === "value" || asked) ? place : null);
  const uid = useUid(open ? text : "");
  const searches = useSearches();
  const { zone } = usePreferences();
  const groups = open ? groupsFor(text, place, suggestions, uid, searches, zone) : [];
  const options = groups.flatMap((group) => group.options);
  const isShown = options.length > 0;
  // A message that is there is what its uid is typed for.
  const active = options.find((each) => each.key === chosen) ?? (uid ? options[0] : undefined);

  useLayoutEffect(() => {
    if (caretNext.current === null) return;
    box.current?.setSelectionRange(caretNext.current, caretNext.current);
    caretNext.current = null;
  });

  const type = (value: string, at: number, shows: boolean) => {
    setText(value);
    setCaret(at);
    setOpen(shows);
    setChosen(null);
    onTyped(value);
  };
  const close = () => {
    setOpen(false);
    setAsked(false);
    setChosen(null);
  };
  const search = (q: string, view?: View) => {
    close();
    setText(q);
    onTyped(q);
    box.current?.blur();
    onSearch(q.trim(), view);
  };
  const take = ({ act }: Option) => {
    if ("insert" in act) {
      caretNext.current = act.caret;
      type(act.insert, act.caret, true);
      box.current?.focus();
    } else if ("search" in act) search(act.search, act.view);
    else {
      close();
      onOpen(act.open);
    }
  };
  const move = (by: number) => {
    if (!isShown) {
      setOpen(true);
      setAsked(true);
      return;
    }
    const at = active ? options.indexOf(active) + by : by > 0 ? 0 : options.length - 1;
    setChosen(options[(at + options.length) % options.length]?.key ?? null);
  };
  const onKey = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return;
    const first = active ?? (place?.typed ? options[0] : undefined);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter" && active) take(active);
    else if (event.key === "Enter") search(text);
    else if (event.key === "Tab" && !event.shiftKey && isShown && first && "insert" in first.act) take(first);
    else if (event.key === "Escape" && isShown) close();
    else if (event.key === "Escape") box.current?.blur();
    else return;
    event.preventDefault();
  };

  return (
    <div className={css.box}>
      <input
        ref={box}
        className={css.input}
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={isShown}
        aria-controls={`${id}-options`}
        aria-autocomplete="list"
        aria-activedescendant={isShown && active ? `${id}-${options.indexOf(active)}` : undefined}
        aria-invalid={describedBy ? true : undefined}
        aria-describedby={describedBy}
        placeholder={placeholder}
        autoComplete="off"
        autoCapitalize="off"
        autoCorrect="off"
        spellCheck={false}
        enterKeyHint="search"
        value={text}
        onChange={(event) => type(event.target.value, event.target.selectionStart ?? event.target.value.length, true)}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
        onFocus={() => text === "" && setOpen(true)}
        onClick={() => setOpen(true)}
        onBlur={close}
        onKeyDown={onKey}
      />
      <Options id={id} groups={groups} active={active} onTake={take} />
    </div>
  );
}
