// The order of the items within each lane: connected parts one under the other, within each of them few crossings, by sweeps of barycentres.
import { idOf, type Ends, type Order } from "./model";

const SWEEPS_MAX = 12;

type Lanes = string[][];
type Neighbours = Map<string, string[]>;

/** Return an order with few crossings. The same graph always gives the same order. */
export function ordered(lanes: readonly (readonly string[])[], ends: readonly Ends[]): Order {
  const group = components(lanes, ends);
  const parts = new Map<number, { lanes: Lanes; ends: Ends[] }>();
  lanes.forEach((lane, at) => {
    for (const key of lane) {
      const number = group.get(idOf(key)) ?? -1;
      const part = parts.get(number) ?? { lanes: [[], [], [], []], ends: [] };
      parts.set(number, part);
      part.lanes[at]?.push(key);
    }
  });
  for (const end of ends) parts.get(group.get(idOf(end.from)) ?? -1)?.ends.push(end);
  const whole: Lanes = [[], [], [], []];
  const size = (part: { lanes: Lanes }) => part.lanes.reduce((sum, lane) => sum + lane.length, 0);
  for (const [, part] of [...parts].toSorted(([numberA, a], [numberB, b]) => size(b) - size(a) || numberA - numberB)) {
    swept(part.lanes, part.ends).forEach((lane, at) => whole[at]?.push(...lane));
  }
  return asOrder(whole);
}

/** Return the order after a change of the graph: what was there keeps its order, and what is new stands beside what it is connected to. */
export function keptOrder(before: Order, lanes: readonly (readonly string[])[], ends: readonly Ends[]): Order {
  const neighbours = neighboursOf(ends);
  const next: Lanes = lanes.map((lane, at) => {
    const present = new Set(lane);
    return (before[at] ?? []).filter((key) => present.has(key));
  });
  lanes.forEach((lane, at) => {
    const known = new Set(next[at]);
    for (const key of lane) {
      if (known.has(key)) continue;
      const share = meanShare(neighbours.get(key) ?? [], sharesOf(next));
      const here = next[at] ?? [];
      here.splice(share === undefined ? here.length : Math.round(share * here.length), 0, key);
    }
  });
  return asOrder(next);
}

function asOrder(lanes: Lanes): Order {
  return [lanes[0] ?? [], lanes[1] ?? [], lanes[2] ?? [], lanes[3] ?? []];
}

function sharesOf(lanes: Lanes): Map<string, number> {
  return new Map(lanes.flatMap((lane) => lane.map((key, at) => [key, (at + 0.5) / lane.length] as const)));
}

function meanShare(keys: readonly string[], shares: ReadonlyMap<string, number>): number | undefined {
  const known = keys.map((key) => shares.get(key)).filter((share) => share !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, share) => sum + share, 0) / known.length;
}

/** Return the number of the connected part that each node belongs to; both items of a service are one node. */
function components(lanes: readonly (readonly string[])[], ends: readonly Ends[]): Map<string, number> {
  const parent = new Map<string, string>();
  const top = (id: string): string => {
    let here = id;
    for (let next = parent.get(here); next !== undefined && next !== here; next = parent.get(here)) here = next;
    parent.set(id, here);
    return here;
  };
  for (const key of lanes.flat()) parent.set(idOf(key), idOf(key));
  for (const end of ends) {
    const [one, other] = [top(idOf(end.from)), top(idOf(end.to))].toSorted();
    if (one !== undefined && other !== undefined) parent.set(other, one);
  }
  const tops = [...new Set([...parent.keys()].map(top))].toSorted();
  const numbers = new Map(tops.map((id, number) => [id, number]));
  return new Map([...parent.keys()].map((id) => [id, numbers.get(top(id)) ?? 0]));
}

function neighboursOf(ends: readonly Ends[]): Neighbours {
  const neighbours: Neighbours = new Map();
  const add = (key: string, other: string) => {
    const known = neighbours.get(key);
    if (known) known.push(other);
    else neighbours.set(key, [other]);
  };
  for (const end of ends) {
    add(end.from, end.to);
    add(end.to, end.from);
  }
  return neighbours;
}

/** Return the lanes of one connected part in the best order that was found from two starts: by id, and by walking the edges. */
function swept(lanes: Lanes, ends: readonly Ends[]): Lanes {
  const between = (gap: number) => ends.filter((end) => Math.min(end.fromLane, end.toLane) === gap && Math.max(end.fromLane, end.toLane) === gap + 1);
  const gaps = [between(0), between(1), between(2)];
  const found = [lanes, walked(lanes, ends)].map((start) => sweep(start, gaps));
  return (found[1] && found[0] && found[1].crossings < found[0].crossings ? found[1] : found[0])?.lanes ?? lanes;
}

type Swept = { lanes: Lanes; crossings: number };

/** Return the best order seen in sweeps to the right and back; in every other pair of them equal ones change places. */
function sweep(start: Lanes, gaps: readonly (readonly Ends[])[]): Swept {
  const neighbours = gaps.map((gap) => neighboursOf(gap));
  let here = start;
  let best = { lanes: start, crossings: allCrossings(start, gaps) };
  for (let round = 0; round < SWEEPS_MAX && best.crossings > 0; round += 1) {
    const right = round % 2 === 0;
    here = here.map((lane) => [...lane]);
    for (const at of right ? [1, 2, 3] : [2, 1, 0]) {
      here[at] = byBarycentre(here[at] ?? [], here[right ? at - 1 : at + 1] ?? [], neighbours[right ? at - 1 : at], round % 4 > 1);
    }
    const now = allCrossings(here, gaps);
    if (now < best.crossings) best = { lanes: here, crossings: now };
  }
  return best;
}

/** Return the lanes in the order in which a walk along the edges, deep first, meets their items. */
function walked(lanes: Lanes, ends: readonly Ends[]): Lanes {
  const neighbours = neighboursOf(ends);
  const met = new Set<string>();
  for (const start of lanes.flat()) {
    const ahead = [start];
    for (let key = ahead.pop(); key !== undefined; key = ahead.pop()) {
      if (met.has(key)) continue;
      met.add(key);
      ahead.push(...(neighbours.get(key) ?? []).toSorted().toReversed());
    }
  }
  const places = new Map([...met].map((key, at) => [key, at]));
  return lanes.map((lane) => lane.toSorted((one, other) => (places.get(one) ?? 0) - (places.get(other) ?? 0)));
}

/** Return *lane* by the mean place of each item's neighbours in *fixed*; one without neighbours stays where it is, equal ones keep their order, or with *turned* change it. */
function byBarycentre(lane: readonly string[], fixed: readonly string[], neighbours: Neighbours | undefined, turned: boolean): string[] {
  const places = new Map(fixed.map((key, at) => [key, at]));
  const means = lane.map((key) => meanShare(neighbours?.get(key) ?? [], places));
  const moving = lane.map((key, at) => ({ key, at, mean: means[at] })).filter((each) => each.mean !== undefined);
  const sorted = moving.toSorted((one, other) => (one.mean ?? 0) - (other.mean ?? 0) || (turned ? other.at - one.at : one.at - other.at));
  let next = 0;
  return lane.map((key, at) => (means[at] === undefined ? key : (sorted[next++]?.key ?? key)));
}

function allCrossings(lanes: Lanes, gaps: readonly (readonly Ends[])[]): number {
  return gaps.reduce((sum, gap, at) => sum + crossings(lanes[at] ?? [], lanes[at + 1] ?? [], gap), 0);
}

/** Return how many pairs of *ends* between two lanes cross, in O(n log n): inversions counted in a Fenwick tree. */
export function crossings(left: readonly string[], right: readonly string[], ends: readonly Pick<Ends, "from" | "to">[]): number {
  const lefts = new Map(left.map((key, at) => [key, at]));
  const rights = new Map(right.map((key, at) => [key, at]));
  const pairs = ends.map((end) => [lefts.get(end.from) ?? lefts.get(end.to) ?? 0, rights.get(end.to) ?? rights.get(end.from) ?? 0] as const);
  const tree = Array.from({ length: right.length + 1 }, () => 0);
  let total = 0;
  pairs.toSorted((one, other) => one[0] - other[0] || one[1] - other[1]).forEach(([, place], seen) => {
    let notAbove = 0;
    for (let at = place + 1; at > 0; at -= at & -at) notAbove += tree[at] ?? 0;
    total += seen - notAbove;
    for (let at = place + 1; at < tree.length; at += at & -at) tree[at] = (tree[at] ?? 0) + 1;
  });
  return total;
}
