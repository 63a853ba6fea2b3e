// Which items a graph has in which lane, and between which of them its edges run.
import { type Drawable, type Ends, idOf, itemKey, type Lane, LANE_NUMBERS, laneOf } from "./model";

const LANE_OF_KIND: Record<string, Lane> = { exchange: 1, queue: 2 };

/** Return the items of each lane, sorted by id. A service without any edge stands with the publishers. */
export function lanesOf(graph: Drawable): string[][] {
  const gives = new Set(graph.edges.map((edge) => edge.from));
  const gets = new Set(graph.edges.map((edge) => edge.to));
  const lanes: string[][] = LANE_NUMBERS.map(() => []);
  for (const { id, kind } of graph.nodes) {
    const own = LANE_OF_KIND[kind];
    if (own !== undefined) lanes[own]?.push(itemKey(own, id));
    else {
      if (gives.has(id) || !gets.has(id)) lanes[0]?.push(itemKey(0, id));
      if (gets.has(id)) lanes[3]?.push(itemKey(3, id));
    }
  }
  return lanes.map((lane) => lane.toSorted());
}

/** Return the ends of each edge as items. An edge whose node is not in the graph, or from a node to itself, has none. */
export function endsOf(graph: Drawable, lanes: readonly (readonly string[])[]): Ends[] {
  const giving = new Map<string, string>();
  const getting = new Map<string, string>();
  for (const lane of lanes) {
    for (const key of lane) {
      if (laneOf(key) !== 3) giving.set(idOf(key), key);
      if (laneOf(key) !== 0) getting.set(idOf(key), key);
    }
  }
  return graph.edges.flatMap(({ from, to }, edge) => {
    const [start, end] = [giving.get(from), getting.get(to)];
    if (start === undefined || end === undefined || start === end) return [];
    return [{ edge, from: start, to: end, fromLane: laneOf(start), toLane: laneOf(end) }];
  });
}
