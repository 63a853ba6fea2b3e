// What is drawn of the picture: lines, and nodes as boxes or bars, as much of each as can be read at its size.
import { memo, useMemo } from "react";
import { edgeSaid, edgeUse, failing, figuresSaid, nodeUse } from "@/model/edges";
import { barOf, type Detail, drawnEdges, failingShare, loadsOf, namedItems, NO_LOAD } from "./detail";
import { EdgeLine } from "./EdgeLine";
import type { ShownNode } from "./fold";
import { type Item, LANES, type Layout, type Line } from "./layout";
import type { Lit } from "./lit";
import { labelsOf } from "./look";
import type { Stop } from "./moving";
import { NodeBox } from "./NodeBox";
import { NodeMark } from "./NodeMark";
import css from "./Picture.module.css";
import { belowOf, tipOf } from "./said";
import type { Chosen } from "./search";
import { itemSeen, lineSeen, type Span } from "./seen";
import type { Told } from "./told";
import type { Compared, View } from "./view";

/** Of so many nodes that light up all are named; of more only those that are anyhow. */
const LIT_NAMED_MOST = 24;
const NOTHING_TOLD: Told = { left: "", right: "", both: "", problem: undefined };

export type Drawn = {
  laid: Layout;
  view: View;
  detail: Detail;
  known: ReadonlyMap<string, ShownNode>;
  changes: Pick<Compared, "nodes" | "edges"> | undefined;
  chosen: Chosen;
  lit: Lit;
  at: Stop | undefined;
  span: Span;
};

/** Return the numbers of the edges that are drawn: all, or between bars those that matter most. */
export function useDrawnEdges(laid: Layout, view: View, detail: Detail): ReadonlySet<number> | undefined {
  return useMemo(() => (detail === "bar" ? drawnEdges(laid, view.shown.edges) : undefined), [laid, view, detail]);
}

type LinesProps = Omit<Drawn, "detail"> & { drawn: ReadonlySet<number> | undefined };

export const Lines = memo(function Lines({ laid, view, known, changes, lit, chosen, at, span, drawn }: LinesProps) {
  const { edges } = view.shown;
  const { declaredKnown } = view;
  // Between bars there is no room for figures; what is pointed at is read below the picture.
  const isThinned = drawn !== undefined;
  const labels = useMemo(() => (isThinned ? [] : labelsOf(laid, edges)), [laid, edges, isThinned]);
  const said = useMemo(() => edges.map((edge) => `${edgeSaid(edge, known)}: ${figuresSaid(edge, declaredKnown)}`), [edges, known, declaredKnown]);
  const lines = useMemo(() => {
    const isFailing = (line: Line) => {
      const edge = edges[line.edge];
      return edge !== undefined && (failing(edge)?.share ?? 0) > 0;
    };
    // What is drawn last lies on top.
    return [...laid.lines.filter((line) => !isFailing(line)), ...laid.lines.filter(isFailing)];
  }, [laid, edges]);
  return (
    <svg className={css.lines} width={laid.width} height={laid.height} role="group" aria-label="Edges between the nodes">
      <Arrowhead />
      {lines.map((line) => {
        const edge = edges[line.edge];
        const stops = at !== undefined && "line" in at && at.line === line.edge;
        if (!edge) return null;
        const isLit = lit.edges.has(edge.key);
        const isDrawn = drawn === undefined || isLit || drawn.has(line.edge);
        if (!stops && !(isDrawn && lineSeen(line, span))) return null;
        return (
          <EdgeLine
            key={edge.key}
            line={line}
            edge={edge}
            use={edgeUse(edge, declaredKnown)}
            thin={isThinned}
            label={said[line.edge] ?? ""}
            change={changes?.edges.get(edge.key)}
            lit={isLit}
            chosen={chosen.edge === edge.key}
            stop={stops}
          />
        );
      })}
      {labels.map((label) => (
        <g key={label.edge} className={css.label} aria-hidden="true">
          <rect x={label.at.x - 3.4 * label.text.length} y={label.at.y - 8} width={6.8 * label.text.length} height={16} />
          <text x={label.at.x} y={label.at.y + 4}>
            {label.text}
          </text>
        </g>
      ))}
    </svg>
  );
});

type NodesProps = Drawn & {
  told: ReadonlyMap<string, Told>;
  /** Nodes that are pointed at, have the focus or are searched for. */
  sought: ReadonlySet<string>;
};

export const Nodes = memo(function Nodes({ laid, view, detail, known, changes, lit, chosen, at, span, told, sought }: NodesProps) {
  const loads = useMemo(() => (detail === "bar" ? loadsOf(view.shown.edges) : undefined), [view, detail]);
  const named = useMemo(() => (loads ? namedItems(laid, loads) : undefined), [laid, loads]);
  return laid.items.map((item) => {
    const node = known.get(item.id);
    const stop = at !== undefined && "item" in at && at.item === item.key;
    if (!node || !(stop || itemSeen(item, span))) return null;
    const about = told.get(item.id) ?? NOTHING_TOLD;
    const use = nodeUse(node, view.declaredKnown);
    const change = changes?.nodes.get(item.id);
    const said = { told: item.lane === 0 ? about.left : about.right, problem: about.problem, use, change };
    const same = { item, node, below: belowOf(node, said), tip: tipOf(node, said), use, change, lit: lit.nodes.has(item.id), chosen: chosen.node === item.id, stop };
    if (!loads) return <NodeBox key={item.key} {...same} low={detail === "name"} problem={about.problem !== undefined} focus={view.focus === item.id} />;
    const load = loads.get(item.id) ?? NO_LOAD;
    const isNamed = named?.has(item.key) || (same.lit && lit.nodes.size <= LIT_NAMED_MOST);
    const label = same.chosen || sought.has(item.id) ? "whole" : isNamed ? "name" : "none";
    return <NodeMark key={item.key} {...same} bar={barOf(load)} red={about.problem ? 1 : failingShare(load)} label={label} />;
  });
});

function leftsOf(laid: Layout): (Item | undefined)[] {
  return LANES.map((_, lane) => laid.items.find((item) => item.lane === lane));
}

/** The ground of each lane, on which bars stand. */
export function Grounds({ laid }: { laid: Layout }) {
  return leftsOf(laid).map((item) => (item ? <div key={item.lane} className={css.lane} style={{ left: item.x, width: item.width, height: laid.height }} /> : null));
}

/** *factor* is how much larger than *laid* the picture is drawn. */
export function LaneHeads({ laid, factor, height }: { laid: Layout; factor: number; height: number }) {
  return (
    <div className={css.heads} style={{ width: laid.width * factor, height }}>
      {leftsOf(laid).map((item) =>
        item ? (
          <span key={item.lane} style={{ left: item.x * factor }}>
            {LANES[item.lane]} {laid.order[item.lane].length}
          </span>
        ) : null,
      )}
    </div>
  );
}

function Arrowhead() {
  return (
    <defs>
      <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">
        <path className={css.arrow} d="M0 0 8 4 0 8Z" />
      </marker>
    </defs>
  );
}
