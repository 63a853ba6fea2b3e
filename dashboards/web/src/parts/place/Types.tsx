// The types of the messages at a node, with who gives or gets them and how many there were.
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { shown } from "@/model/names";
import { count, rate } from "@/model/numbers";
import { all, is } from "@/model/query";
import { MessagesLink } from "@/parts/links";
import { type Column, Table } from "@/parts/Table";
import { TimeAgo } from "@/parts/Time";
import { nameOf, NodeById, type Nodes } from "./nodes";

type Seen = Schemas["TypeSeenOut"];
/** `place` says what stands beside a type: `to`, `published by` … ; `q` asks for the messages at this node. */
type Props = { caption: string; types: readonly Seen[]; place: string; nodes: Nodes; q: string | null; empty: ReactNode };

export function Types({ caption, types, place, nodes, q, empty }: Props) {
  if (types.length === 0) return <p className="quiet">{empty}</p>;
  return <Table caption={caption} columns={columnsOf({ place, nodes, q })} rows={types} rowKey={(seen) => `${seen.type} ${seen.place}`} sorting={{ key: "messages", down: true }} />;
}

function columnsOf({ place, nodes, q }: Pick<Props, "place" | "nodes" | "q">): Column<Seen>[] {
  return [
    { key: "type", head: "type", cell: (seen) => (q === null ? shown(seen.type) : <MessagesLink q={all(is("message_type", seen.type), q)}>{shown(seen.type) || "(none)"}</MessagesLink>), by: (seen) => seen.type },
    { key: "place", head: place, cell: (seen) => <NodeById nodes={nodes} id={seen.place} />, by: (seen) => (seen.place === null ? "" : nameOf(nodes, seen.place)) },
    { key: "rate", head: "rate", number: true, cell: (seen) => rate(seen.rate_per_s), by: (seen) => seen.rate_per_s ?? -1 },
    { key: "messages", head: "messages", number: true, cell: (seen) => count(seen.messages), by: (seen) => seen.messages },
    { key: "first", head: "first seen", cell: (seen) => <TimeAgo at={seen.first_seen} />, by: (seen) => seen.first_seen },
    { key: "last", head: "last seen", cell: (seen) => <TimeAgo at={seen.last_seen} />, by: (seen) => seen.last_seen },
  ];
}
