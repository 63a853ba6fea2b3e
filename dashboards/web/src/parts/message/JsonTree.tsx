// A JSON value as a tree to fold: arrows move and open, as in every tree; what is shown is text.
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { isRounded, type Line, linesOf, LINES_MAX, holder, openAll, openAtFirst } from "@/model/json-tree";
import { shown } from "@/model/names";
import { count, plural } from "@/model/numbers";
import { Button } from "@/parts/Button";
import css from "./JsonTree.module.css";
import shared from "./Message.module.css";

/** *tools*: with buttons that open and fold all of it. */
export function JsonTree({ value, label, tools = false }: { value: unknown; label: string; tools?: boolean }) {
  const [open, setOpen] = useState(() => openAtFirst(value));
  const [all, setAll] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState("");
  const tree = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => linesOf(value, open, all), [value, open, all]);
  const rounded = useMemo(() => isRounded(value), [value]);
  const go = (path: string | undefined | null) => {
    if (path === undefined || path === null) return;
    setAt(path);
    const wanted = Array.from(tree.current?.children ?? []).find((each) => each instanceof HTMLElement && each.dataset["path"] === path);
    if (wanted instanceof HTMLElement) wanted.focus();
  };
  const fold = (line: Line, wanted: boolean) => {
    const next = new Set(open);
    if (wanted) next.add(line.path);
    else next.delete(line.path);
    setOpen(next);
  };
  const more = (line: Line) => setAll(new Set([...all, line.path.replace(/\/…$/, "")]));
  const onKey = (event: KeyboardEvent, line: Line, index: number) => {
    if (!act(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    function act(key: string): boolean {
      switch (key) {
        case "ArrowDown": go(lines[index + 1]?.path); return true;
        case "ArrowUp": go(lines[index - 1]?.path); return true;
        case "Home": go(lines[0]?.path); return true;
        case "End": go(lines.at(-1)?.path); return true;
        case "ArrowRight": if (line.folds && !line.open) fold(line, true); else go(lines[index + 1]?.path); return true;
        case "ArrowLeft": if (line.open) fold(line, false); else go(holder(line.path)); return true;
        case "Enter": case " ": if (line.more > 0) more(line); else if (line.folds) fold(line, !line.open); return true;
        default: return false;
      }
    }
  };
  const current = lines.some((line) => line.path === at) ? at : "";
  return (
    <>
      {tools ? (
        <div className={shared.tools}>
          <Button onClick={() => setOpen(openAll(value))}>Open all</Button>
          <Button onClick={() => setOpen(new Set())}>Fold all</Button>
        </div>
      ) : null}
      {lines.length >= LINES_MAX ? <p className={shared.tools}>Only {count(LINES_MAX)} lines are drawn; the text has all of it.</p> : null}
      {rounded ? <p className={shared.tools}>Whole numbers of more than 15 digits are rounded in this tree; the bytes as they were sent have all of them.</p> : null}
      <div ref={tree} role="tree" aria-label={label} className={css.tree}>
        {lines.map((line, index) => (
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
          <div
            key={line.path}
            role="treeitem"
            data-path={line.path}
            tabIndex={line.path === current ? 0 : -1}
            aria-level={line.depth + 1}
            aria-expanded={line.folds ? line.open : undefined}
            aria-selected={line.path === current}
            className={css.line}
            style={{ paddingLeft: 4 + line.depth * 16 }}
            onFocus={() => setAt(line.path)}
            onKeyDown={(event) => onKey(event, line, index)}
            onClick={() => {
              if (line.more > 0) more(line);
              else if (line.folds && getSelection()?.isCollapsed !== false) fold(line, !line.open);
            }}
          >
            <OneLine line={line} />
          </div>
        ))}
      </div>
    </>
  );
}

function OneLine({ line }: { line: Line }) {
  if (line.more > 0) return <span className={css.more}>show {count(line.more)} more</span>;
  return (
    <>
      <span className={css.mark} aria-hidden="true">
        {line.folds ? (line.open ? "▾" : "▸") : ""}
      </span>
      {line.key === null ? null : <span className={css.key}>{shown(line.key)}: </span>}
      <span className={css[line.kind]}>{line.open && (line.kind === "object" || line.kind === "array") ? plural(Number(line.text), line.kind === "array" ? "item" : "key") : shown(line.text)}</span>
    </>
  );
}
