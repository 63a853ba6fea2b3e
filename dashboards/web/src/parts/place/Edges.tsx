// The edges into a node, or out of it: what is at the other end, how much goes there, what fails, and when it was last.
import type { ReactNode } from "react";
import { edgeUse, edgeVerb, failuresSaid, USE_SAID } from "@/model/edges";
import type { Edge } from "@/model/graph";
import { messagesOf } from "@/model/messages-of";
import { shown } from "@/model/names";
import { count, rate } from "@/model/numbers";
import { MessagesLink } from "@/parts/links";
import { type Column, Table } from "@/parts/Table";
import { TimeAgo } from "@/parts/Time";
import { nameOf, NodeById, type Nodes } from "./nodes";

type Props = { caption: string; edges: readonly Edge[]; other: "from" | "to"; nodes: Nodes; empty: ReactNode; keys?: boolean };

export function Edges({ caption, edges, other, nodes, empty, keys = false }: Props) {
  if (edges.length === 0) return <p className="quiet">{empty}</p>;
  return <Table caption={caption} columns={columnsOf({ other, nodes, keys })} rows={edges} rowKey={(edge) => `${edge.kind} ${edge.reason} ${edge.from} ${edge.to}`} sorting={{ key: "rate", down: true }} />;
}

const KEYS_MOST = 4;

/** Return the binding keys of an edge, the first few of many. */
function keysSaid({ binding_keys }: Edge): string {
  const told = binding_keys.slice(0, KEYS_MOST).map((key) => (key === "" ? "(empty)" : shown(key)));
  return binding_keys.length > KEYS_MOST ? `${told.join("  ")}  and ${binding_keys.length - KEYS_MOST} more` : told.join("  ");
}

function Messages({ edge, nodes }: { edge: Edge; nodes: Nodes }) {
  const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)];
  const q = from && to && edge.messages > 0 ? messagesOf(edge, from, to) : null;
  return q === null ? count(edge.messages) : <MessagesLink q={q}>{count(edge.messages)}</MessagesLink>;
}

function columnsOf({ other, nodes, keys }: Pick<Props, "other" | "nodes" | "keys">): Column<Edge>[] {
  return [
    { key: "other", head: other === "from" ? "from" : "to", cell: (edge) => <NodeById nodes={nodes} id={edge[other]} />, by: (edge) => nameOf(nodes, edge[other]) },
    { key: "kind", head: "how", cell: edgeVerb, by: edgeVerb },
    ...(keys ? [{ key: "keys", head: "keys", cell: (edge: Edge) => <span className="mono">{keysSaid(edge)}</span>, by: keysSaid }] : []),
    { key: "rate", head: "rate", number: true, cell: (edge) => rate(edge.rate_per_s), by: (edge) => edge.rate_per_s ?? -1 },
    { key: "messages", head: "messages", number: true, cell: (edge) => <Messages edge={edge} nodes={nodes} />, by: (edge) => edge.messages },
    { key: "failed", head: "failed", number: true, cell: (edge) => failuresSaid(edge) || <span className="quiet">–</span>, by: (edge) => edge.failures ?? -1 },
    { key: "state", head: "state", cell: (edge) => USE_SAID[edgeUse(edge, true)], by: (edge) => edgeUse(edge, true) },
    { key: "last", head: "last message", cell: (edge) => <TimeAgo at={edge.last_seen} />, by: (edge) => edge.last_seen ?? "" },
  ];
}
