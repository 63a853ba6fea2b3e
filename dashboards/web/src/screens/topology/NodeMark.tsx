// A node of a picture that is too small for boxes: a bar as long as it is busy, with its name where there is room for one.
import { memo } from "react";
import { serviceColour } from "@/model/colour";
import { nodeName, type Use } from "@/model/edges";
import { fitted } from "./export";
import type { ShownNode } from "./fold";
import type { Item } from "./layout";
import css from "./Mark.module.css";
import { NodeButton } from "./NodeButton";
import type { Change } from "./view";

type Props = {
  item: Item;
  node: ShownNode;
  /** What matters about it, read out with its name. */
  below: string;
  tip: string;
  use: Use;
  change: Change | undefined;
  /** How long its bar is, and how much of it is red: 0 to 1. */
  bar: number;
  red: number;
  /** `name` where there is room; `whole` where it is pointed at. */
  label: "none" | "name" | "whole";
  lit: boolean;
  chosen: boolean;
  stop: boolean;
};

/** Of the width of a lane, what bars have at most; names have the rest. */
export const BAR_SHARE = 0.36;
const RED_LEAST = 0.12;
const GAP = 8;

function colourOf(node: ShownNode, use: Use, change: Change | undefined): string {
  if (change === "appeared") return "var(--delivered)";
  if (use === "gone" || change === "gone") return "var(--gone)";
  return node.kind === "service" ? serviceColour(String(node.name)) : "var(--line-strong)";
}

export const NodeMark = memo(function NodeMark({ item, node, below, tip, use, change, bar, red, label, lit, chosen, stop }: Props) {
  const name = nodeName(node);
  const part = red > 0 ? Math.max(RED_LEAST, red) * 100 : 0;
  const colour = colourOf(node, use, change);
  const names = [css.mark, item.lane === 0 && css.mirrored, css[use], lit && css.lit, chosen && css.chosen].filter((each) => typeof each === "string");
  const background = part > 0 ? `linear-gradient(to ${item.lane === 0 ? "left" : "right"}, var(--dead-lettered) ${part}%, ${colour} 0)` : colour;
  return (
    <NodeButton item={item} node={node} className={names.join(" ")} tip={tip} chosen={chosen} stop={stop}>
      <span className="unseen">
        {node.kind} {name}
        {below === "" ? "" : `, ${below}`}
      </span>
      <span className={css.bar} style={{ width: bar * BAR_SHARE * item.width, background }} />
      {label === "none" ? null : (
        <span className={label === "whole" ? css.whole : css.name} style={item.lane === 0 ? { right: item.width * BAR_SHARE + GAP } : { left: item.width * BAR_SHARE + GAP }} aria-hidden="true">
          {label === "whole" ? name : fitted(name, item.width * (1 - BAR_SHARE) - GAP)}
        </span>
      )}
    </NodeButton>
  );
});
