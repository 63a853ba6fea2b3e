// From the topology as told and the address to what is shown: filters, folding, focus, comparison. Pure.
import { knowsDeclared } from "@/model/edges";
import { type Filters, type Graph, around, busiest, byId, edgeKey, filtered, withoutBuiltIns } from "@/model/graph";
import { type Shown, foldable, folded } from "./fold";
import { opened, type TopologySearch } from "./search";

/** Beyond this many nodes only the neighbourhood of one is shown at first. */
export const WHOLE_MOST = 60;
export const HOPS_FIRST = 3;

export type View = {
  shown: Shown;
  /** All that the filters leave, before the focus. */
  all: Shown;
  focus: string | undefined;
  /** Whether the focus was chosen here, since the graph is large. */
  chosenFocus: boolean;
  hops: number;
  /** Whether more is shown than can be read at the usual size. */
  isLargeWhole: boolean;
  /** Ids of queues under which something can be folded. */
  foldable: ReadonlySet<string>;
  foldedCount: number;
  builtIns: number;
  total: { nodes: number; edges: number };
  declaredKnown: boolean;
  /** The focus of the address is not in what the filters leave. */
  focusGone: boolean;
};

/** What of the address says what is shown. */
export type Looked = Pick<TopologySearch, "vhost" | "used" | "busy" | "open" | "focus" | "hops">;

/** Return what an address shows of *told*. */
export function viewOf(told: Graph, search: Looked): View {
  const filters: Filters = { vhost: search.vhost, used: search.used, busy: search.busy };
  const { graph, left } = withoutBuiltIns(told);
  const base = filtered(graph, filters);
  const all = folded(base, opened(search.open));
  const wanted = search.focus === "all" ? undefined : search.focus;
  const present = byId(all.nodes);
  const focusGone = wanted !== undefined && !present.has(wanted);
  const chosenFocus = search.focus === undefined && all.nodes.length > WHOLE_MOST;
  const focus = chosenFocus ? busiest(all) : focusGone ? undefined : wanted;
  const hops = search.hops ?? HOPS_FIRST;
  return {
    shown: focusGone ? { nodes: [], edges: [] } : focus === undefined ? all : around(all, focus, hops),
    all,
    focus,
    chosenFocus,
    hops,
    isLargeWhole: focus === undefined && all.nodes.length > WHOLE_MOST,
    foldable: foldable(base),
    foldedCount: base.nodes.length - all.nodes.length,
    builtIns: left,
    total: { nodes: graph.nodes.length, edges: graph.edges.length },
    declaredKnown: knowsDeclared(told),
    focusGone,
  };
}

export type Change = "appeared" | "gone";
export type Compared = { graph: Graph; nodes: ReadonlyMap<string, Change>; edges: ReadonlyMap<string, Change> };

const edgeId = (edge: Graph["edges"][number]) => `${edge.kind} ${edge.reason ?? ""} ${edge.from} → ${edge.to}`;

/** Return *then* with what there is *now* besides, and by id or key what has appeared since and what is gone: of an edge, once nothing of it is left.
 *
 * Figures are those of then where there are any.
 */
export function compared(then: Graph, now: Graph): Compared {
  const nodes = new Map<string, Change>();
  const edges = new Map<string, Change>();
  const [nodesThen, nodesNow] = [byId(then.nodes), byId(now.nodes)];
  const edgesThen = new Set(then.edges.map(edgeId));
  const [keysThen, keysNow] = [new Set(then.edges.map(edgeKey)), new Set(now.edges.map(edgeKey))];
  for (const id of nodesThen.keys()) if (!nodesNow.has(id)) nodes.set(id, "gone");
  for (const id of nodesNow.keys()) if (!nodesThen.has(id)) nodes.set(id, "appeared");
  for (const key of keysThen) if (!keysNow.has(key)) edges.set(key, "gone");
  for (const key of keysNow) if (!keysThen.has(key)) edges.set(key, "appeared");
  return {
    graph: {
      nodes: [...then.nodes, ...now.nodes.filter((node) => !nodesThen.has(node.id))],
      edges: [...then.edges, ...now.edges.filter((edge) => !edgesThen.has(edgeId(edge)))],
    },
    nodes,
    edges,
  };
}
