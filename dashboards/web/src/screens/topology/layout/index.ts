// The four-lane layout: publishers, exchanges, queues, consumers from left to right. Pure: the same graph always gives the same picture.
import { endsOf, lanesOf } from "./lanes";
import { type Drawable, type Geometry, idOf, type Item, type Lane, type Layout, type Order } from "./model";
import { keptOrder, ordered } from "./order";
import { places } from "./place";
import { lines } from "./route";

export type { Drawable, Geometry, Item, Lane, Layout, Line, Order } from "./model";
export { LANES } from "./model";

const WIDTH_LEAST = 720;
const NODE_SHARE = 0.185;

/** Return the sizes for a picture that is *width* px wide, or as wide as it has to be at least. */
export function geometryFor(width: number): Geometry {
  const margin = 8;
  const inside = Math.max(width, WIDTH_LEAST) - 2 * margin;
  const nodeWidth = Math.floor(Math.min(230, inside * NODE_SHARE));
  return { nodeWidth, nodeHeight: 40, rowGap: 10, margin, laneGap: Math.floor((inside - 4 * nodeWidth) / 3) };
}

/** Return where everything of *graph* stands.
 *
 * With the order of the layout *before* a change, what was there keeps its order.
 */
export function layout(graph: Drawable, geometry: Geometry = geometryFor(1080), before?: Order): Layout {
  const lanes = lanesOf(graph);
  const ends = endsOf(graph, lanes);
  const order = before ? keptOrder(before, lanes, ends) : ordered(lanes, ends);
  const { nodeWidth, nodeHeight, laneGap, rowGap, margin } = geometry;
  const y = places(order, ends, nodeHeight + rowGap);
  const items = new Map<string, Item>();
  order.forEach((lane, at) => {
    for (const key of lane) {
      items.set(key, {
        key,
        id: idOf(key),
        lane: at as Lane,
        x: margin + at * (nodeWidth + laneGap),
        y: margin + (y.get(key) ?? 0),
        width: nodeWidth,
        height: nodeHeight,
      });
    }
  });
  const bottom = Math.max(0, ...[...items.values()].map((item) => item.y + item.height));
  return {
    items: [...items.values()],
    lines: lines(items, ends),
    order,
    width: 2 * margin + 4 * nodeWidth + 3 * laneGap,
    height: bottom + margin,
  };
}
