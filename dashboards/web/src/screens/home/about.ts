// The page of what a change is about: the ids that changes name, such as `queue:/:orders`, as places in the UI. Pure.
import { toMs } from "@/model/time";

export type Place = { to: string; params?: Record<string, string>; name: string };

type Node = { id: string; kind: string; vhost: string; name: string };

/** Return the page of the first id that has one; *nodes* are those of the topology, since an id alone is not always clear. */
export function placeOf(about: readonly string[], nodes: ReadonlyMap<string, Node>): Place | null {
  for (const id of about) {
    const node = nodes.get(id);
    if (node?.kind === "service") return { to: "/services/$name", params: { name: node.name }, name: id };
    if (node?.kind === "queue") return { to: "/queues/$vhost/$name", params: { vhost: node.vhost, name: node.name }, name: id };
    if (node?.kind === "exchange" && node.name !== "") return { to: "/exchanges/$vhost/$name", params: { vhost: node.vhost, name: node.name }, name: id };
    if (node?.kind === "exchange") return { to: "/exchanges/$vhost", params: { vhost: node.vhost }, name: id };
  }
  return null;
}

/** Kinds that come with every restart of an application, and would push out what changed the system. */
const PASSING: ReadonlySet<string> = new Set(["connection-opened", "connection-closed", "type-seen", "consumer-started"]);

type Change = { kind: string; about: readonly string[]; told: string; at: string; position: string | null };
export type Told<C extends Change> = { change: C; times: number; said: string };

/** What is less than this apart came of one cause, as far as one line is concerned. */
const TOGETHER_MS = 60_000;

/** Of these, those about the same thing are told in one line, whatever else they say. */
const FOLDED: ReadonlySet<string> = new Set(["consumer-stopped", "binding-created", "binding-deleted"]);

/** Return the *most* newest changes worth a line, of *changes* from the newest on.
 *
 * Left out are passing ones, and bindings that went with their queue or exchange. What is alike and came within a minute
 * is one line with its number: `3 consumers of orders left`. *nameOf* tells how the thing behind an id is shown.
 */
export function worthTelling<C extends Change>(changes: readonly C[], most: number, nameOf: (id: string) => string | undefined = () => undefined): Told<C>[] {
  const found: Told<C>[] = [];
  const newest = new Map<string, Told<C>>();
  const gone = new Map(changes.filter((each) => each.kind === "queue-deleted" || each.kind === "exchange-deleted").map((each) => [each.about[0], each]));
  for (const change of changes) {
    if (PASSING.has(change.kind) || wentWith(change, gone)) continue;
    const alike = `${change.kind} ${FOLDED.has(change.kind) ? change.about.slice(0, change.kind === "consumer-stopped" ? 1 : 2).join(" ") : change.told}`;
    const before = newest.get(alike);
    if (before && (before === found.at(-1) || together(before.change, change))) before.times += 1;
    else if (found.length === most) break;
    else {
      const told = { change, times: 1, said: "" };
      found.push(told);
      newest.set(alike, told);
    }
  }
  for (const each of found) each.said = said(each, nameOf);
  return found;
}

function together(one: Change, other: Change): boolean {
  return Math.abs(toMs(one.at) - toMs(other.at)) < TOGETHER_MS;
}

function wentWith(change: Change, gone: ReadonlyMap<string | undefined, Change>): boolean {
  if (change.kind !== "binding-deleted") return false;
  return change.about.some((id) => {
    const cause = gone.get(id);
    return cause !== undefined && together(cause, change);
  });
}

function said({ change, times }: { change: Change; times: number }, nameOf: (id: string) => string | undefined): string {
  if (times === 1 || !FOLDED.has(change.kind)) return change.told;
  const name = nameOf(change.about[0] ?? "");
  if (change.kind === "consumer-stopped" && name !== undefined) return `${times} consumers of ${name} left`;
  return `${change.told}, and ${times - 1} more like it`;
}
