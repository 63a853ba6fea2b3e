// Lays the causal graph out, beside the page, so that it stays quick.
import { Graph, layout } from "@dagrejs/dagre";
import { type Laid, NODE_HEIGHT, NODE_WIDTH, type ToLay } from "./model/graph";

function laid({ nodes, edges }: ToLay): Laid {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 12, ranksep: 48, marginx: 16, marginy: 16 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const index of nodes) graph.setNode(String(index), { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const [from, to] of edges) graph.setEdge(String(from), String(to));
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    width,
    height,
    nodes: nodes.map((index) => {
      const { x, y } = graph.node(String(index));
      return { index, x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 };
    }),
    edges: edges.map(([from, to]) => ({ from, to, points: graph.edge(String(from), String(to)).points ?? [] })),
  };
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin to name
self.addEventListener("message", (event: MessageEvent<ToLay>) => self.postMessage(laid(event.data)));
