// The search parameters of the topology: what is looked at, how, and what is chosen in it.
import { inBounds, rounded } from "./zoom";
import { type Kept, kept, oneOf, type Search, textOf, wholeOf } from "@/app/search";

export const HOPS_MOST = 12;
export const VIEWS = ["picture", "table"] as const;
export const LISTS = ["edges", "nodes"] as const;

const flag = (search: Search, name: string) => ((search as Record<string, unknown>)[name] === true || textOf(search, name) === "1" ? true : undefined);

export type TopologySearch = Kept & {
  view?: (typeof VIEWS)[number];
  /** Which table. */
  list?: (typeof LISTS)[number];
  sort?: string;
  /** A node's id, or `all` for the whole graph however large. */
  focus?: string;
  hops?: number;
  vhost?: string;
  used?: true;
  busy?: true;
  /** Ids of main queues whose folded queues are shown; see {@link toOpen}. */
  open?: string;
  /** What is chosen: the id of a node, or the key of an edge. */
  node?: string;
  edge?: string;
  compare?: true;
  /** Percent; absent: as fits what is looked at. */
  scale?: number;
};

/** What is chosen: a node by its id, or an edge by its key. */
export type Chosen = { node?: string | undefined; edge?: string | undefined };

export const topologySearch = (search: Search): TopologySearch => ({
  ...kept(search),
  view: oneOf(search, "view", VIEWS),
  list: oneOf(search, "list", LISTS),
  sort: textOf(search, "sort"),
  focus: textOf(search, "focus"),
  hops: wholeOf(search, "hops", 1, HOPS_MOST),
  vhost: textOf(search, "vhost"),
  used: flag(search, "used"),
  busy: flag(search, "busy"),
  open: textOf(search, "open"),
  node: textOf(search, "node"),
  edge: textOf(search, "edge"),
  compare: flag(search, "compare"),
  scale: scaleOf(search),
});

function scaleOf(search: Search): number | undefined {
  const scale = Number(search["scale"] ?? Number.NaN);
  return inBounds(scale) === scale ? rounded(scale) : undefined;
}

/** Return the ids in parameter `open`; what is damaged in it names nothing. */
export function opened(open: string | undefined): Set<string> {
  return new Set((open ?? "").split(" ").flatMap(decoded));
}

function decoded(id: string): string[] {
  try {
    return id === "" ? [] : [decodeURIComponent(id)];
  } catch {
    return [];
  }
}

/** Return parameter `open` for *ids*; undefined for none. */
export function toOpen(ids: ReadonlySet<string>): string | undefined {
  return ids.size === 0 ? undefined : [...ids].toSorted().map((id) => encodeURIComponent(id)).join(" ");
}
