// Who consumes from a queue now, as the broker told.
import type { Schemas } from "@/api/client";
import { shown } from "@/model/names";
import { NodeById, type Nodes } from "@/parts/place/nodes";
import { type Column, Table } from "@/parts/Table";

type Consumer = Schemas["ConsumerOut"];

export function Consumers({ consumers, nodes }: { consumers: readonly Consumer[]; nodes: Nodes }) {
  if (consumers.length === 0) return <p className="quiet">The broker told of no consumer.</p>;
  return <Table caption="Consumers now" columns={columnsOf(nodes)} rows={consumers} rowKey={(row) => `${shown(row.connection)} ${row.channel} ${shown(row.consumer_tag)}`} />;
}

function columnsOf(nodes: Nodes): Column<Consumer>[] {
  return [
    { key: "service", head: "service", cell: (row) => <NodeById nodes={nodes} id={row.service} />, by: (row) => row.service ?? "" },
    { key: "connection", head: "connection", cell: (row) => <span className="mono">{shown(row.connection)}</span>, by: (row) => shown(row.connection) },
    { key: "channel", head: "channel", number: true, cell: (row) => row.channel, by: (row) => row.channel },
    { key: "tag", head: "consumer tag", cell: (row) => <span className="mono">{shown(row.consumer_tag)}</span>, by: (row) => shown(row.consumer_tag) },
  ];
}
