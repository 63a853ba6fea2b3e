// What every drawing of a node is: a button in its place, which the keyboard and the pointer find by what it carries.
import type { ReactNode } from "react";
import type { ShownNode } from "./fold";
import type { Item } from "./layout";

type Props = { item: Item; node: ShownNode; className: string; tip: string; chosen: boolean; /** Whether the Tab key stops here. */ stop: boolean; children: ReactNode };

export function NodeButton({ item, node, className, tip, chosen, stop, children }: Props) {
  return (
    <button
      type="button"
      className={className}
      data-stop={item.key}
      data-node={node.id}
      tabIndex={stop ? 0 : -1}
      aria-pressed={chosen}
      style={{ left: item.x, top: item.y, width: item.width, height: item.height }}
      title={tip}
    >
      {children}
    </button>
  );
}
