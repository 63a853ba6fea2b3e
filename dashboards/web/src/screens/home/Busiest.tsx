// The busiest edges: where the most messages go now, and which share of them fails.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { topologyQuery } from "@/api/shared";
import { useRefresh } from "@/app/preferences";
import { edgeVerb } from "@/model/edges";
import type { Edge, Node } from "@/model/graph";
import { count, rate } from "@/model/numbers";
import { NodeLink } from "@/parts/NodeLink";
import { Asking, Failed } from "@/parts/Nothing";
import { Section } from "@/parts/Page";
import { type Column, Table } from "@/parts/Table";
import { type BusyEdge, busiest } from "./flow";

type Row = BusyEdge<Edge, Node>;

const SHOWN = 10;

const columns: Column<Row>[] = [
  { key: "from", head: "From", cell: ({ from }) => <NodeLink node={from} /> },
  { key: "kind", head: "How", cell: ({ edge }) => <span className="quiet">{edgeVerb(edge)}</span> },
  { key: "to", head: "To", cell: ({ to }) => <NodeLink node={to} /> },
  { key: "rate", head: "Rate", number: true, cell: ({ edge }) => rate(edge.rate_per_s) },
  { key: "failing", head: "Failing", number: true, cell: ({ edge }) => (edge.failures_per_s ? rate(edge.failures_per_s) : <span className="quiet">–</span>) },
  { key: "messages", head: "Messages", number: true, cell: ({ edge }) => count(edge.messages) },
];

export function Busiest() {
  const { data, error, refetch } = useQuery(topologyQuery(useRefresh()));
  if (!data) return <Section title="Busiest edges">{error ? <Failed error={error} again={() => void refetch()} /> : <Asking />}</Section>;
  const rows = busiest(data.nodes, data.edges, SHOWN);
  return (
    <Section title="Busiest edges" facts={<Link to="/topology">all in the topology</Link>}>
      {rows.length === 0 ? <p className="quiet">No edge has traffic now.</p> : <Table caption="The busiest edges" columns={columns} rows={rows} rowKey={({ edge }) => `${edge.from} ${edge.to} ${edge.kind}`} />}
    </Section>
  );
}
