// What of a large picture is written out and which of its lines are drawn, when there is no room for all. Pure.
import { failing } from "@/model/edges";
import type { Edge } from "@/model/graph";
import type { Layout } from "./layout";
import { widthOf, WIDTH_MOST } from "./look";

/** Of a node: name and figures; its name alone; or a bar as long as it is busy, and its name where there is room. */
export type Detail = "full" | "name" | "bar";

const FULL_HEIGHT = 34;
const NAME_HEIGHT = 16;
/** Lines that are drawn between bars, and how many of them at most for failing. */
export const LINES_MOST = 320;
const FAILING_MOST = 160;
/** Between the middles of two names of one lane, in px. */
export const NAME_APART = 15;
/** For so many px of a lane there is one name. */
const NAME_SHARE = 26;
const BAR_LEAST = 0.08;

/** Return what can be read of a node that is drawn *height* px high. */
export function detailOf(height: number): Detail {
  return height >= FULL_HEIGHT ? "full" : height >= NAME_HEIGHT ? "name" : "bar";
}

/** Messages and failures a second at the edges of a node; *counted* is the rate at those of which failures are counted. */
export type Load = { rate: number; failures: number; counted: number };

export const NO_LOAD: Load = { rate: 0, failures: 0, counted: 0 };

/** Return what goes through each node, by id. */
export function loadsOf(edges: readonly Edge[]): Map<string, Load> {
  const loads = new Map<string, Load>();
  for (const edge of edges) {
    const rate = edge.rate_per_s ?? 0;
    const fails = failing(edge);
    for (const id of new Set([edge.from, edge.to])) {
      const before = loads.get(id) ?? NO_LOAD;
      loads.set(id, { rate: before.rate + rate, failures: before.failures + rate * (fails?.share ?? 0), counted: before.counted + (fails ? rate : 0) });
    }
  }
  return loads;
}

/** Return the share of what goes through a node that fails, 0 to 1. */
export function failingShare(load: Load): number {
  return load.counted > 0 ? Math.min(1, load.failures / load.counted) : 0;
}

/** Return how long the bar of a node is, as a share of the room for it. */
export function barOf(load: Load): number {
  return load.rate > 0 ? Math.max(BAR_LEAST, widthOf(load.rate) / WIDTH_MOST) : BAR_LEAST;
}

/** Return the keys of the items that are named: in turns the busiest and the one that fails most, as far as names of a lane stand apart. */
export function namedItems(laid: Layout, loads: ReadonlyMap<string, Load>): Set<string> {
  const named = new Set<string>();
  const most = Math.max(1, Math.floor(laid.height / NAME_SHARE));
  for (const lane of laid.order.keys()) {
    const items = laid.items.filter((item) => item.lane === lane).map((item) => ({ item, load: loads.get(item.id) ?? NO_LOAD }));
    const busiest = items.toSorted((one, other) => other.load.rate - one.load.rate);
    const failed = items.filter(({ load }) => load.failures > 0).toSorted((one, other) => other.load.failures - one.load.failures);
    const placed: number[] = [];
    for (const { item } of busiest.flatMap((each, at) => [failed[at] ?? each, each])) {
      if (placed.length >= most) break;
      const middle = item.y + item.height / 2;
      if (placed.some((other) => Math.abs(other - middle) < NAME_APART)) continue;
      placed.push(middle);
      named.add(item.key);
    }
  }
  return named;
}

/** Return the numbers of the edges that are drawn between bars: those that fail most, and the busiest; all when there are few. */
export function drawnEdges(laid: Layout, edges: readonly Edge[]): Set<number> {
  const all = laid.lines.map((line) => line.edge);
  if (all.length <= LINES_MOST) return new Set(all);
  const weights = new Map(all.map((at) => [at, weightOf(edges[at])]));
  const by = (what: "failures" | "rate" | "messages") => (one: number, other: number) => (weights.get(other)?.[what] ?? 0) - (weights.get(one)?.[what] ?? 0);
  const failed = all.filter((at) => (weights.get(at)?.failures ?? 0) > 0).toSorted(by("failures"));
  const busiest = all.toSorted((one, other) => by("rate")(one, other) || by("messages")(one, other) || one - other);
  return new Set([...new Set([...failed.slice(0, FAILING_MOST), ...busiest])].slice(0, LINES_MOST));
}

function weightOf(edge: Edge | undefined): { rate: number; failures: number; messages: number } {
  if (!edge) return { rate: 0, failures: 0, messages: 0 };
  const rate = edge.rate_per_s ?? 0;
  return { rate, failures: edge.kind === "dead-letter" ? rate : rate * (failing(edge)?.share ?? 0), messages: edge.messages };
}
