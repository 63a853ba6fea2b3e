// Names of nodes by their ids, as the topology tells them; a node that it does not hold is shown by its id.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { topologyQuery } from "@/api/shared";
import { useRefresh } from "@/app/preferences";
import { nodeName } from "@/model/edges";
import { byId, type Node } from "@/model/graph";
import { shown } from "@/model/names";
import { NodeLink } from "@/parts/NodeLink";

export type Nodes = ReadonlyMap<string, Node>;

export function useNodes(): Nodes {
  const { data } = useQuery(topologyQuery(useRefresh()));
  return useMemo(() => byId(data?.nodes ?? []), [data]);
}

export function nameOf(nodes: Nodes, id: string): string {
  const node = nodes.get(id);
  return node ? nodeName(node) : shown(nameIn(id));
}

/** Return the name in an id such as `queue:/:orders`, as far as it can be told from the id alone. */
function nameIn(id: string): string {
  const [kind, ...rest] = id.split(":");
  return kind === "service" ? rest.join(":") : rest.slice(1).join(":");
}

export function NodeById({ nodes, id }: { nodes: Nodes; id: string | null }) {
  if (id === null) return <span className="quiet">not known</span>;
  const node = nodes.get(id);
  return node ? <NodeLink node={node} /> : <span title={shown(id)}>{shown(nameIn(id))}</span>;
}
