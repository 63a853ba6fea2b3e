// What the layout takes and gives. A node stands in the lane of its kind; a service that publishes and consumes stands in both of its lanes.

/** What the layout has to know of a graph; ids are unique. */
export type Drawable = {
  nodes: readonly { id: string; kind: string }[];
  edges: readonly { from: string; to: string }[];
};

export const LANES = ["publishers", "exchanges", "queues", "consumers"] as const;
export type Lane = 0 | 1 | 2 | 3;
export const LANE_NUMBERS = [0, 1, 2, 3] as const satisfies readonly Lane[];

/** The keys of the items of each lane, from the top. */
export type Order = readonly [readonly string[], readonly string[], readonly string[], readonly string[]];

/** Sizes in px at scale 1. */
export type Geometry = { nodeWidth: number; nodeHeight: number; laneGap: number; rowGap: number; margin: number };

export type Item = { key: string; id: string; lane: Lane; x: number; y: number; width: number; height: number };

/** `back`: against the reading direction, from a queue to an exchange; `within`: between two items of one lane. */
export type Direction = "forward" | "back" | "within";

export type Point = { x: number; y: number };

/** The line of edge number `edge`: a cubic curve by its four points. */
export type Line = { edge: number; from: string; to: string; direction: Direction; points: readonly [Point, Point, Point, Point] };

export type Layout = { items: readonly Item[]; lines: readonly Line[]; order: Order; width: number; height: number };

export type Ends = { edge: number; from: string; to: string; fromLane: Lane; toLane: Lane };

export function itemKey(lane: Lane, id: string): string {
  return `${lane} ${id}`;
}

export function idOf(key: string): string {
  return key.slice(2);
}

export function laneOf(key: string): Lane {
  return Number(key[0]) as Lane;
}
