// The connections that a service had: which of them are open, which consume now, and why that is believed.
import type { Schemas } from "@/api/client";
import { shown } from "@/model/names";
import { count } from "@/model/numbers";
import { NodeById, type Nodes } from "@/parts/place/nodes";
import { type Column, Table } from "@/parts/Table";
import { TimeAgo } from "@/parts/Time";

type Instance = Schemas["InstanceOut"];

/** Return whether an instance is alive, in a word. */
export function aliveSaid(open: boolean | null): string {
  return open === null ? "not known" : open ? "open" : "closed";
}

const counted = (value: number | null) => (value === null ? "–" : count(value));

export function Instances({ instances, nodes }: { instances: readonly Instance[]; nodes: Nodes }) {
  if (instances.length === 0) return <p className="quiet">No connection of it is known.</p>;
  return <Table caption="Instances" columns={columnsOf(nodes)} rows={instances} rowKey={(row) => shown(row.connection) + row.first_seen} />;
}

function columnsOf(nodes: Nodes): Column<Instance>[] {
  return [
    { key: "open", head: "connection is", cell: (row) => <span title={row.open_why}>{aliveSaid(row.open)}</span>, by: (row) => aliveSaid(row.open) },
    { key: "connection", head: "connection", cell: (row) => <span className="mono">{shown(row.connection)}</span>, by: (row) => shown(row.connection) },
    { key: "client", head: "calls itself", cell: (row) => shown(row.client_name) || "–", by: (row) => shown(row.client_name) },
    { key: "user", head: "user", cell: (row) => shown(row.user), by: (row) => shown(row.user) },
    { key: "vhost", head: "vhost", cell: (row) => shown(row.vhost), by: (row) => shown(row.vhost) },
    {
      key: "consumes",
      head: "consumes now",
      cell: (row) => (
        <span title={row.consumes_why}>
          {row.consumes_now === null ? "not known" : row.consumes_now ? "yes, " : "no"}
          {row.consumes_now ? row.consumes_from.map((id, at) => [at > 0 ? ", " : "", <NodeById key={id} nodes={nodes} id={id} />]) : null}
        </span>
      ),
      by: (row) => String(row.consumes_now),
    },
    { key: "published", head: "published", number: true, cell: (row) => counted(row.published), by: (row) => row.published ?? -1 },
    { key: "consumed", head: "consumed", number: true, cell: (row) => counted(row.consumed), by: (row) => row.consumed ?? -1 },
    { key: "first", head: "first seen", cell: (row) => <TimeAgo at={row.first_seen} />, by: (row) => row.first_seen },
    { key: "last", head: "last seen", cell: (row) => <TimeAgo at={row.last_seen} />, by: (row) => row.last_seen },
    { key: "node", head: "broker node", cell: (row) => shown(row.node), by: (row) => shown(row.node) },
  ];
}
