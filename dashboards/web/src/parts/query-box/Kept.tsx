// Searches of before: those with a name, which are saved, opened and deleted here, and the latest.
import { type FormEvent, useId } from "react";
import { usePreferences } from "@/app/preferences";
import { shown } from "@/model/names";
import { keepSearches, useSearches, type View, viewSaid, withoutSaved, withSaved } from "@/model/searches";
import { Button } from "../Button";
import { Popover } from "../Popover";
import css from "./Help.module.css";

type Props = { q: string; view: View; onOpen: (q: string, view?: View) => void };

export function Kept({ q, view, onOpen }: Props) {
  const { saved, recent } = useSearches();
  const { zone } = usePreferences();
  return (
    <Popover label="Searches" button="Searches" title="Save this search, or open one of before">
      {(close) => {
        const open = (text: string, of?: View) => {
          close();
          onOpen(text, of);
        };
        return (
          <div className={css.help}>
            <Save key={q} q={q} view={view} />
            <h3>Saved</h3>
            {saved.length === 0 ? <p className="quiet">None yet. They are kept in this browser.</p> : null}
            <ul>
              {saved.map((each) => (
                <li key={each.name} className={css.line}>
                  <button type="button" className={css.open} title={each.q} onClick={() => open(each.q, each.view)}>
                    {shown(each.name)} <code>{shown(each.q)}</code> <span className={css.held}>{shown(viewSaid(each.view, zone))}</span>
                  </button>
                  <button type="button" className={css.delete} aria-label={`Delete the search ${each.name}`} onClick={() => keepSearches((searches) => withoutSaved(searches, each.name))}>
                    delete
                  </button>
                </li>
              ))}
            </ul>
            <h3>Recent</h3>
            {recent.length === 0 ? <p className="quiet">None yet.</p> : null}
            <ul>
              {recent.map((each) => (
                <li key={each} className={css.line}>
                  <button type="button" className={css.open} title={each} onClick={() => open(each)}>
                    <code>{shown(each)}</code>
                  </button>
                </li>
              ))}
            </ul>
          </div>
        );
      }}
    </Popover>
  );
}

function Save({ q, view }: { q: string; view: View }) {
  const { zone } = usePreferences();
  const id = useId();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name") ?? "").trim();
    if (name !== "") keepSearches((searches) => withSaved(searches, { name, q, view }));
    event.currentTarget.reset();
  };
  if (q === "" && !view.since && !view.until && !view.cols) return <p className="quiet">Type a query, or choose a range of time, to save it under a name.</p>;
  return (
    <form onSubmit={submit} className={css.save}>
      <label htmlFor={id}>
        Save <code>{shown(q)}</code> ({shown(viewSaid(view, zone))}) as
      </label>
      <input id={id} name="name" required maxLength={80} autoComplete="off" />
      <Button type="submit">Save</Button>
    </form>
  );
}
