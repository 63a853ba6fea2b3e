// The range of time that the screens show, and the time as of which they show the system; both are kept in the address.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useId, useState } from "react";
import { PRESETS, rangeSaid, timeSaid, timeTyped } from "@/model/range";
import { zoneName } from "@/model/time";
import { Button } from "@/parts/Button";
import { Popover } from "@/parts/Popover";
import { useNow } from "./now";
import { prefer, usePreferences } from "./preferences";
import type { Kept } from "./search";
import css from "./TimeRange.module.css";

export function TimeRange() {
  const { since, until, at } = useSearch({ from: "__root__" });
  const { zone } = usePreferences();
  const now = useNow();
  const said = rangeSaid(since, until, zone);
  return (
    <Popover label="Range of time" title={`Range of time, ${zoneName(zone, now)}`} button={at ? `as of ${timeSaid(at, zone)}${since || until ? `, ${said}` : ""}` : said}>
      {(close) => <Choices key={`${since} ${until} ${at} ${zone}`} kept={{ since, until, at }} close={close} />}
    </Popover>
  );
}

function useKeep() {
  const navigate = useNavigate();
  return (changed: Kept) => void navigate({ to: ".", search: (before) => ({ ...before, ...changed }) });
}

function Choices({ kept, close }: { kept: Kept; close: () => void }) {
  const keep = useKeep();
  const { zone } = usePreferences();
  const now = useNow();
  const choose = (changed: Kept) => {
    keep(changed);
    close();
  };
  return (
    <div className={css.choices}>
      <div className={css.presets}>
        <Preset name="all that is kept" chosen={!kept.since && !kept.until} onChoose={() => choose({ since: undefined, until: undefined })} />
        {PRESETS.map((each) => (
          <Preset key={each.since} name={each.name} chosen={kept.since === each.since && !kept.until} onChoose={() => choose({ since: each.since, until: undefined })} />
        ))}
      </div>
      <Ends kept={kept} onSet={choose} />
      <AsOf at={kept.at} onSet={choose} />
      <p className={css.zone}>
        Times are in {zoneName(zone, now)}.{" "}
        {zoneName("local", now) === "UTC" ? null : (
          <button type="button" className={css.link} onClick={() => prefer({ zone: zone === "utc" ? "local" : "utc" })}>
            Use {zone === "utc" ? "local time" : "UTC"}
          </button>
        )}
      </p>
    </div>
  );
}

function Preset({ name, chosen, onChoose }: { name: string; chosen: boolean; onChoose: () => void }) {
  return (
    <button type="button" className={chosen ? `${css.preset} ${css.chosen}` : css.preset} aria-pressed={chosen} onClick={onChoose}>
      {name}
    </button>
  );
}

const WRONG = "Write 2026-01-02 10:00:00, 2026-01-02T10:00:00Z or now-1h.";

function Ends({ kept, onSet }: { kept: Kept; onSet: (changed: Kept) => void }) {
  const { zone } = usePreferences();
  const [wrong, setWrong] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget);
    const ends = (["since", "until"] as const).map((name) => String(typed.get(name) ?? "").trim());
    const [since, until] = ends.map((each) => (each === "" ? undefined : timeTyped(each, zone)));
    if (since === null || until === null) setWrong(true);
    else onSet({ since, until });
  };
  return (
    <form className={css.ends} onSubmit={submit}>
      <Typed name="since" label="From" value={kept.since} wrong={wrong} />
      <Typed name="until" label="To" value={kept.until} wrong={wrong} />
      {wrong ? <p className={css.wrong}>{WRONG}</p> : null}
      <Button type="submit">Show this range</Button>
    </form>
  );
}

function AsOf({ at, onSet }: { at: string | undefined; onSet: (changed: Kept) => void }) {
  const { zone } = usePreferences();
  const [wrong, setWrong] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const time = timeTyped(String(new FormData(event.currentTarget).get("at") ?? ""), zone);
    if (time === null) setWrong(true);
    else onSet({ at: time });
  };
  return (
    <form className={css.ends} onSubmit={submit}>
      <Typed name="at" label="The system as of" value={at} wrong={wrong} />
      {wrong ? <p className={css.wrong}>{WRONG}</p> : null}
      <div className={css.pair}>
        <Button type="submit">Show it as of then</Button>
        {at ? <Button onClick={() => onSet({ at: undefined })}>Back to now</Button> : null}
      </div>
    </form>
  );
}

function Typed({ name, label, value, wrong }: { name: string; label: string; value: string | undefined; wrong: boolean }) {
  const { zone } = usePreferences();
  const id = useId();
  return (
    <div className={css.typed}>
      <label htmlFor={id}>{label}</label>
      <input id={id} name={name} defaultValue={value ? timeSaid(value, zone) : ""} placeholder="2026-01-02 10:00:00" aria-invalid={wrong || undefined} autoComplete="off" spellCheck={false} />
    </div>
  );
}
