// How things are shown: theme, how often to ask again; and who looks.
import { Popover } from "@/parts/Popover";
import { type Preferences, prefer, type Theme, usePreferences } from "./preferences";
import css from "./View.module.css";
import { Who } from "./Who";

const THEMES: readonly [Theme, string][] = [["system", "as the system"], ["light", "light"], ["dark", "dark"]];
const REFRESHES: readonly [number, string][] = [[2000, "every 2 s"], [5000, "every 5 s"], [15_000, "every 15 s"], [60_000, "every minute"], [0, "never"]];

export function View() {
  const preferences = usePreferences();
  return (
    <Popover label="View" button="View">
      {() => (
        <div className={css.view}>
          <Choice legend="Theme" name="theme" options={THEMES} value={preferences.theme} toChange={(theme) => ({ theme })} />
          <Choice legend="Ask again" name="refresh" options={REFRESHES} value={preferences.refreshMs} toChange={(refreshMs) => ({ refreshMs })} />
          <Who />
        </div>
      )}
    </Popover>
  );
}

type ChoiceProps<T> = { legend: string; name: string; options: readonly [T, string][]; value: T; toChange: (value: T) => Partial<Preferences> };

function Choice<T extends string | number>({ legend, name, options, value, toChange }: ChoiceProps<T>) {
  return (
    <fieldset className={css.choice}>
      <legend>{legend}</legend>
      {options.map(([option, text]) => (
        <label key={option}>
          <input type="radio" name={name} checked={option === value} onChange={() => prefer(toChange(option))} /> {text}
        </label>
      ))}
    </fieldset>
  );
}
