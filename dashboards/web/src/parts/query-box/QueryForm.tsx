// A query box with the query in force, and below it what the API could not understand of that query.
import { type ReactNode, type RefObject, useId, useRef, useState } from "react";
import { useRefusal } from "@/api/refusals";
import { keepSearches, type View, withRecent } from "@/model/searches";
import { QueryBox } from "./QueryBox";
import { Refusal } from "./Refusal";

type Props = {
  box?: RefObject<HTMLInputElement | null>;
  label: string;
  placeholder: string;
  inForce: string;
  /** Search for *q*: in the range and with the columns in force, or with those of *view*. */
  onSearch: (q: string, view?: View) => void;
  onOpen: (uid: string) => void;
  /** What stands beside the box, for what is typed in it; *search* searches for something else. */
  children: (typed: string, search: (q: string, view?: View) => void) => ReactNode;
};

export function QueryForm({ box: given, label, placeholder, inForce, onSearch, onOpen, children }: Props) {
  const id = useId();
  const own = useRef<HTMLInputElement>(null);
  const box = given ?? own;
  const refusal = useRefusal(inForce);
  const [typed, setTyped] = useState(inForce);
  const [seen, setSeen] = useState(inForce);
  if (seen !== inForce) {
    setSeen(inForce);
    setTyped(inForce);
  }
  const isRefused = refusal !== null && typed === inForce;
  const search = (q: string, view?: View) => {
    keepSearches((searches) => withRecent(searches, q));
    onSearch(q, view);
  };
  const goTo = (at: number) => {
    box.current?.focus();
    box.current?.setSelectionRange(at, at);
  };
  return (
    <>
      <QueryBox box={box} label={label} placeholder={placeholder} inForce={inForce} describedBy={isRefused ? id : undefined} onSearch={search} onOpen={onOpen} onTyped={setTyped} />
      {isRefused ? <Refusal id={id} q={inForce} problem={refusal} onGo={goTo} /> : null}
      {children(typed.trim(), search)}
    </>
  );
}
