// The topology as tables: edges or nodes, with the same filters, focus and folding as the picture.
import { edgeUse, edgeVerb, failuresSaid, nodeName, nodeUse, USE_SAID } from "@/model/edges";
import type { Node } from "@/model/graph";
import { messagesOf } from "@/model/messages-of";
import { shown } from "@/model/names";
import { count, plural, rate } from "@/model/numbers";
import { NodeLink } from "@/parts/NodeLink";
import { MessagesLink } from "@/parts/links";
import { type Column, type Sorting, Table } from "@/parts/Table";
import { Tabs } from "@/parts/Tabs";
import { TimeAgo } from "@/parts/Time";
import type { ShownEdge, ShownNode } from "./fold";
import { foldedSaid } from "./fold";
import type { Chosen, TopologySearch } from "./search";
import type { Told } from "./told";
import type { Compared, View } from "./view";

type Props = {
  view: View;
  nodes: ReadonlyMap<string, Node>;
  told: ReadonlyMap<string, Told>;
  changes: Pick<Compared, "nodes" | "edges"> | undefined;
  /** What "ago" counts from (ms); the present where it is not given. */
  now: number | undefined;
  search: TopologySearch;
  change: (changed: TopologySearch) => void;
  onChoose: (chosen: Chosen) => void;
};

/** Return the sorting in a parameter `rate` (up) or `-rate` (down). */
function sortingOf(sort: string | undefined, first: string): Sorting {
  const text = sort ?? first;
  return { key: text.replace(/^-/, ""), down: text.startsWith("-") };
}

export function Tables(props: Props) {
  const { view, search, change } = props;
  const list = search.list ?? "edges";
  const sorting = sortingOf(search.sort, list === "edges" ? "-rate" : "name");
  const onSort = ({ key, down }: Sorting) => change({ sort: `${down ? "-" : ""}${key}` });
  const { nodes, edges } = view.shown;
  return (
    <>
      <Tabs
        label="Table"
        name="list"
        open={list}
        tabs={[
          { value: "edges", name: plural(edges.length, "edge") },
          { value: "nodes", name: plural(nodes.length, "node") },
        ]}
      />
      {list === "edges" ? (
        <Table caption="Edges between services, exchanges and queues" columns={edgeColumns(props)} rows={edges} rowKey={(edge) => edge.key} sorting={sorting} onSort={onSort} onOpen={(edge) => props.onChoose({ edge: edge.key })} />
      ) : (
        <Table caption="Services, exchanges and queues" columns={nodeColumns(props)} rows={nodes} rowKey={(node) => node.id} sorting={sorting} onSort={onSort} onOpen={(node) => props.onChoose({ node: node.id })} />
      )}
    </>
  );
}

function edgeColumns({ view, nodes, changes, now }: Props): Column<ShownEdge>[] {
  const name = (id: string) => {
    const node = nodes.get(id);
    return node ? nodeName(node) : id;
  };
  const end = (id: string) => {
    const at = nodes.get(id);
    return at ? <NodeLink node={at} /> : shown(id);
  };
  return [
    { key: "from", head: "from", cell: (edge) => end(edge.from), by: (edge) => name(edge.from) },
    { key: "kind", head: "how", cell: edgeVerb, by: edgeVerb },
    { key: "to", head: "to", cell: (edge) => end(edge.to), by: (edge) => name(edge.to) },
    { key: "rate", head: "rate", number: true, cell: (edge) => rate(edge.rate_per_s), by: (edge) => edge.rate_per_s ?? -1 },
    { key: "messages", head: "messages", number: true, cell: (edge) => messagesCell(edge, nodes), by: (edge) => edge.messages },
    { key: "failed", head: "failed", number: true, cell: (edge) => failuresSaid(edge) || <span className="quiet">–</span>, by: (edge) => edge.failures ?? -1 },
    { key: "state", head: "state", cell: (edge) => changes?.edges.get(edge.key) ?? USE_SAID[edgeUse(edge, view.declaredKnown)], by: (edge) => edgeUse(edge, view.declaredKnown) },
    { key: "last", head: "last message", cell: (edge) => <TimeAgo at={edge.last_seen} now={now} />, by: (edge) => edge.last_seen ?? "" },
  ];
}

function messagesCell(edge: ShownEdge, nodes: ReadonlyMap<string, Node>) {
  const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)];
  const q = from && to ? messagesOf(edge, from, to) : null;
  return q === null || edge.messages === 0 ? count(edge.messages) : <MessagesLink q={q}>{count(edge.messages)}</MessagesLink>;
}

const isNode = (node: ShownNode) => (edge: ShownEdge) => edge.from === node.id || edge.to === node.id;

function nodeColumns({ view, told, changes, now }: Props): Column<ShownNode>[] {
  const degrees = new Map(view.shown.nodes.map((node) => [node.id, view.shown.edges.filter(isNode(node)).length]));
  return [
    { key: "kind", head: "kind", cell: (node) => node.kind, by: (node) => node.kind },
    { key: "name", head: "name", cell: (node) => <NodeLink node={node} />, by: nodeName },
    { key: "vhost", head: "vhost", cell: (node) => shown(node.vhost), by: (node) => shown(node.vhost) },
    { key: "now", head: "now", cell: (node) => told.get(node.id)?.both, by: (node) => told.get(node.id)?.both ?? "" },
    { key: "edges", head: "edges", number: true, cell: (node) => count(degrees.get(node.id) ?? 0), by: (node) => degrees.get(node.id) ?? 0 },
    { key: "folded", head: "folded under it", cell: foldedSaid, by: (node) => node.folded.length },
    { key: "state", head: "state", cell: (node) => changes?.nodes.get(node.id) ?? USE_SAID[nodeUse(node, view.declaredKnown)], by: (node) => nodeUse(node, view.declaredKnown) },
    { key: "last", head: "last seen", cell: (node) => <TimeAgo at={node.last_seen} now={now} />, by: (node) => node.last_seen ?? "" },
  ];
}
