// Times the layout of a generated graph beside dagre's of the same graph, in Node.js; nothing of the UI imports this.
import { Graph, layout as dagre } from "@dagrejs/dagre";
import { layout } from "./index";
import type { Drawable } from "./model";

const NODE = { width: 200, height: 40 };
/** Of a hundred nodes. */
const SHARES = { service: 40, exchange: 15, queue: 45 } as const;

/** Return a graph of *nodes* nodes as a broker has them: each queue is bound twice and read by one service, each service publishes twice. */
export function graphOf(nodes: number): Drawable {
  // A linear congruential generator: the same graph every time.
  let state = nodes;
  const pick = (ids: readonly string[]) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return ids[Math.floor((state / 2 ** 32) * ids.length)] ?? "";
  };
  const make = (kind: keyof typeof SHARES) => Array.from({ length: Math.round((nodes * SHARES[kind]) / 100) }, (_, at) => `${kind}:${at}`);
  const [services, exchanges, queues] = [make("service"), make("exchange"), make("queue")];
  const edges = [
    ...services.flatMap((from) => [{ from, to: pick(exchanges) }, { from, to: pick(exchanges) }]),
    ...queues.flatMap((to) => [{ from: pick(exchanges), to }, { from: pick(exchanges), to }]),
    ...queues.map((from) => ({ from, to: pick(services) })),
  ];
  return { nodes: [...services, ...exchanges, ...queues].map((id) => ({ id, kind: id.split(":")[0] ?? "" })), edges };
}

/** *cpu_ms* is that of one round; on a busy machine it is less than the times. */
export type Measured = { nodes: number; edges: number; times_ms: number[]; cpu_ms: number };

/** Return how long each of *rounds* layouts of the same graph took, after one that is not counted. */
export function measure(what: "lanes" | "dagre", nodes: number, rounds: number): Measured {
  const graph = graphOf(nodes);
  const run = what === "lanes" ? () => void layout(graph) : () => byDagre(graph);
  run();
  const before = process.cpuUsage();
  const times = Array.from({ length: rounds }, () => {
    const began = performance.now();
    run();
    return performance.now() - began;
  });
  const { user, system } = process.cpuUsage(before);
  return { nodes: graph.nodes.length, edges: graph.edges.length, times_ms: times, cpu_ms: (user + system) / 1000 / rounds };
}

/** The general way. It gets each service twice too, as publisher and as consumer: with the cycles left in it does not end for minutes. */
function byDagre(graph: Drawable): void {
  const drawn = new Graph({ multigraph: true });
  drawn.setGraph({ rankdir: "LR", ranker: "longest-path", nodesep: 10, ranksep: 100 });
  drawn.setDefaultEdgeLabel(() => ({}));
  for (const { id, kind } of graph.nodes) {
    drawn.setNode(id, { ...NODE });
    if (kind === "service") drawn.setNode(`reading ${id}`, { ...NODE });
  }
  graph.edges.forEach(({ from, to }, at) => drawn.setEdge(from, to.startsWith("service:") ? `reading ${to}` : to, {}, String(at)));
  dagre(drawn);
}
