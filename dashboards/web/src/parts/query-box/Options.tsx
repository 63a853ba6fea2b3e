// The list below the query box. It is always there for who listens to the page, and empty while it is closed.
import { useEffect, useRef } from "react";
import { shown } from "@/model/names";
import type { Group, Option } from "./options";
import css from "./QueryBox.module.css";

type Props = { id: string; groups: readonly Group[]; active: Option | undefined; onTake: (option: Option) => void };

export function Options({ id, groups, active, onTake }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const options = groups.flatMap((group) => group.options);
  const at = active ? options.indexOf(active) : -1;
  useEffect(() => {
    if (at >= 0) list.current?.querySelector("[aria-selected=true]")?.scrollIntoView?.({ block: "nearest" });
  }, [at]);
  return (
    <div ref={list} id={`${id}-options`} role="listbox" aria-label="What completes the query" className={css.options} hidden={options.length === 0}>
      {groups.map((group, number) => (
        <div key={group.name} role="group" aria-labelledby={`${id}-group-${number}`}>
          <div id={`${id}-group-${number}`} className={css.group} role="presentation">
            {shown(group.name)}
          </div>
          {group.options.map((option) => (
            // The box has the keyboard's focus and handles its keys; only the mouse comes here.
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
            <div
              key={option.key}
              id={`${id}-${options.indexOf(option)}`}
              role="option"
              aria-selected={option === active}
              className={css.option}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => onTake(option)}
            >
              <span className={css.text}>{shown(option.text)}</span>
              <span className={css.note}>{shown(option.note)}</span>
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}
