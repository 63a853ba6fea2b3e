// A node of the picture: its name, and where its box is high enough one line of what matters about it.
import { memo } from "react";
import { nodeName, type Use } from "@/model/edges";
import { serviceColour } from "@/model/colour";
import { fitted } from "./export";
import type { ShownNode } from "./fold";
import type { Item } from "./layout";
import css from "./Picture.module.css";
import { NodeButton } from "./NodeButton";
import type { Change } from "./view";

type Props = {
  item: Item;
  node: ShownNode;
  /** What matters about it, in few words; read out even where it is not shown. */
  below: string;
  tip: string;
  /** Whether the name stands alone. */
  low: boolean;
  problem: boolean;
  use: Use;
  change: Change | undefined;
  lit: boolean;
  chosen: boolean;
  focus: boolean;
  stop: boolean;
};

function classOf({ node, use, lit, chosen, focus, problem, change, low }: Props): string {
  const names = [css.node, css[node.kind], css[use], lit && css.lit, chosen && css.chosen, focus && css.centre, problem && css.problem, low && css.low, change && css[change]];
  return names.filter((name) => typeof name === "string").join(" ");
}

export const NodeBox = memo(function NodeBox(props: Props) {
  const { item, node, below, tip, low, chosen, stop } = props;
  return (
    <NodeButton item={item} node={node} className={classOf(props)} tip={tip} chosen={chosen} stop={stop}>
      <span className={css.name}>
        <span className="unseen">{node.kind} </span>
        {node.kind === "service" ? <span className={css.swatch} style={{ background: serviceColour(String(node.name)) }} /> : null}
        <Name name={nodeName(node)} width={item.width - (node.kind === "service" ? 44 : 20)} />
      </span>
      <span className={low ? "unseen" : css.told}>
        {below === "" ? null : <span className="unseen">, </span>}
        {below}
      </span>
    </NodeButton>
  );
});

/** A name that is too long is cut in its middle: names of one system often differ in their ends alone. */
function Name({ name, width }: { name: string; width: number }) {
  const cut = fitted(name, width);
  if (cut === name) return <span className={css.text}>{name}</span>;
  return (
    <>
      <span className={css.text} aria-hidden="true">
        {cut}
      </span>
      <span className="unseen">{name}</span>
    </>
  );
}
