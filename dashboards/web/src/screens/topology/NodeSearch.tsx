// Finds a node by what its name contains: `f` opens it, arrows choose, Enter goes there.
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { useShortcut } from "@/app/keys";
import { nodeName } from "@/model/edges";
import type { Node } from "@/model/graph";
import css from "./Controls.module.css";

const FOUND_MOST = 12;

/** Return the nodes whose name contains *text*, those that begin with it first. */
export function found<N extends Pick<Node, "kind" | "name">>(nodes: readonly N[], text: string): N[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [];
  const named = nodes.map((node) => ({ node, name: nodeName(node).toLowerCase() })).filter(({ name }) => name.includes(wanted));
  const rank = (name: string) => (name === wanted ? 0 : name.startsWith(wanted) ? 1 : 2);
  return named.toSorted((one, other) => rank(one.name) - rank(other.name) || one.name.length - other.name.length || (one.name < other.name ? -1 : 1)).map(({ node }) => node);
}

type Props = {
  nodes: readonly Node[];
  onFind: (id: string) => void;
  /** Called with the ids of all that match while it is typed. */
  onSeek: (ids: ReadonlySet<string>) => void;
};

export function NodeSearch({ nodes, onFind, onSeek }: Props) {
  const list = useId();
  const box = useRef<HTMLInputElement>(null);
  const [text, setOwnText] = useState("");
  const setText = (next: string) => {
    setOwnText(next);
    onSeek(new Set(found(nodes, next).map((node) => node.id)));
  };
  const [at, setAt] = useState(0);
  useShortcut("f", "Find a node", () => box.current?.focus());
  const all = found(nodes, text);
  const offered = all.slice(0, FOUND_MOST);
  const find = (node: Node | undefined) => {
    if (!node) return;
    onFind(node.id);
    setText("");
    box.current?.blur();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, offered.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter") find(offered[at]);
    else if (event.key === "Escape") setText("");
    else return;
    event.preventDefault();
  };
  return (
    <div className={css.find}>
      <input
        ref={box}
        type="text"
        role="combobox"
        aria-label="Find a node"
        aria-expanded={offered.length > 0}
        aria-controls={list}
        aria-activedescendant={offered.length > 0 ? `${list}-${at}` : undefined}
        aria-autocomplete="list"
        placeholder="Find a node (f)"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setText("")}
      />
      <div id={list} role="listbox" aria-label="Nodes found" className={offered.length > 0 ? css.found : css.none}>
        {offered.map((node, index) => (
          <div
            key={node.id}
            id={`${list}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            className={index === at ? css.at : undefined}
            onPointerDown={(event) => {
              event.preventDefault();
              find(node);
            }}
          >
            {nodeName(node)} <span className="quiet">{node.kind}</span>
          </div>
        ))}
        {all.length > offered.length ? (
          <div className="quiet" role="presentation">
            {offered.length} of {all.length}
          </div>
        ) : null}
      </div>
      {text !== "" && all.length === 0 ? (
        <p className={css.found} role="status">
          No node has this in its name.
        </p>
      ) : null}
    </div>
  );
}
