// Which columns the list has; the choice stands in the address.
import { Button } from "@/parts/Button";
import { Popover } from "@/parts/Popover";
import { COLUMN_NAMES, COLUMNS, type ColumnName, DEFAULT_COLUMNS } from "./columns";
import css from "./Messages.module.css";

type Props = { chosen: readonly ColumnName[]; onChoose: (columns: readonly ColumnName[] | undefined) => void };

export function Columns({ chosen, onChoose }: Props) {
  const toggle = (name: ColumnName) => {
    const next = COLUMN_NAMES.filter((each) => (each === name ? !chosen.includes(each) : chosen.includes(each)));
    if (next.length > 0) onChoose(next.join() === DEFAULT_COLUMNS.join() ? undefined : next);
  };
  return (
    <Popover label="Columns" button="Columns">
      {() => (
        <fieldset className={css.columns}>
          <legend>Columns of the list</legend>
          {COLUMN_NAMES.map((name) => (
            <label key={name}>
              <input type="checkbox" checked={chosen.includes(name)} onChange={() => toggle(name)} /> {COLUMNS[name].head}
            </label>
          ))}
          <p className="quiet">Where there is little room, those that tell least are left out.</p>
          <Button onClick={() => onChoose(undefined)}>As at first</Button>
        </fieldset>
      )}
    </Popover>
  );
}
