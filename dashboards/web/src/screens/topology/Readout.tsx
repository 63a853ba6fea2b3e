// One line that reads what is pointed at, has the focus, or is chosen: its figures and when it was used last.
import { edgeSaid, figuresSaid, nodeName } from "@/model/edges";
import { TimeAgo } from "@/parts/Time";
import { count, plural } from "@/model/numbers";
import type { ShownEdge, ShownNode } from "./fold";
import css from "./Picture.module.css";
import type { Chosen } from "./search";
import type { Told } from "./told";

type Props = { of: Chosen; nodes: ReadonlyMap<string, ShownNode>; told: ReadonlyMap<string, Told>; edges: readonly ShownEdge[]; declaredKnown: boolean; /** How many edges are drawn, where not all are. */ drawn: number | undefined; /** What "ago" counts from (ms); the present where it is not given. */ now: number | undefined };

export function Readout({ of, nodes, told, edges, declaredKnown, drawn, now }: Props) {
  const edge = of.edge === undefined ? undefined : edges.find((each) => each.key === of.edge);
  const node = of.node === undefined ? undefined : nodes.get(of.node);
  return (
    <div className={css.readout} data-readout>
      {edge ? (
        <>
          <b>{edgeSaid(edge, nodes)}</b>: {figuresSaid(edge, declaredKnown)}
          <Last at={edge.last_seen} now={now} />
        </>
      ) : node ? (
        <>
          {node.kind} <b>{nodeName(node)}</b>
          <Facts told={told.get(node.id)} into={edges.filter((each) => each.to === node.id).length} out={edges.filter((each) => each.from === node.id).length} />
          {node.role_evidence.length ? `, ${node.role}: ${node.role_evidence.join(", ")}` : ""}
          <Last at={node.last_seen} now={now} />
        </>
      ) : (
        <span className="quiet">
          {drawn === undefined ? "Point at a node or an edge to read it here. Arrow keys move along lanes and edges, Enter chooses, c puts a node at the centre, f finds one." : drawnSaid(drawn, edges.length)}
        </span>
      )}
    </div>
  );
}

function drawnSaid(drawn: number, all: number): string {
  const said = drawn < all ? `${count(drawn)} of ${plural(all, "edge")} are drawn: the busiest and those that fail. ` : "";
  return `${said}Point at a bar, or go to it by arrow keys, for its name, figures and edges.`;
}

function Facts({ told, into, out }: { told: Told | undefined; into: number; out: number }) {
  const said = [told?.both ?? "", told?.problem?.why ?? "", `${plural(into, "edge")} in, ${count(out)} out`].filter((each) => each !== "");
  return <>: {said.join(", ")}</>;
}

function Last({ at, now }: { at: string | null; now: number | undefined }) {
  if (!at) return null;
  return (
    <>
      , last message <TimeAgo at={at} now={now} />
    </>
  );
}
