// What the command palette offers, and which of it fits what is typed. Pure.
import { exchangeName, shown, type Text } from "@/model/names";

export type Item = { key: string; kind: string; name: string; to: string; params?: Record<string, string>; search?: Record<string, string> };

type Node = { id: string; kind: string; vhost: Text; name: Text };

export const SHOWN_MAX = 12;

/** Return the pages of nodes of the topology; *toParam* writes a name into an address. */
export function nodeItems(nodes: readonly Node[], toParam: (name: Text) => string): Item[] {
  return nodes.flatMap((node): Item[] => {
    const vhost = toParam(node.vhost);
    const name = toParam(node.name);
    const where = shown(node.vhost) === "/" || node.kind === "service" ? "" : ` in ${shown(node.vhost)}`;
    if (node.kind === "service") return [{ key: node.id, kind: "service", name: shown(node.name), to: "/services/$name", params: { name } }];
    if (node.kind === "queue") return [{ key: node.id, kind: "queue", name: shown(node.name) + where, to: "/queues/$vhost/$name", params: { vhost, name } }];
    if (node.kind !== "exchange") return [];
    if (node.name === "") return [{ key: node.id, kind: "exchange", name: exchangeName("") + where, to: "/exchanges/$vhost", params: { vhost } }];
    return [{ key: node.id, kind: "exchange", name: shown(node.name) + where, to: "/exchanges/$vhost/$name", params: { vhost, name } }];
  });
}

/** Return how well *name* fits *typed*: 0 not at all; whole beginnings before beginnings of words before letters in order. */
export function fit(name: string, typed: string): number {
  const [text, wanted] = [name.toLowerCase(), typed.trim().toLowerCase()];
  if (wanted === "") return 1;
  if (text.startsWith(wanted)) return 5;
  const at = text.indexOf(wanted);
  if (at > 0) return /[\s._:/-]/.test(text[at - 1] ?? "") ? 4 : 3;
  let next = 0;
  for (const letter of wanted) {
    next = text.indexOf(letter, next) + 1;
    if (next === 0) return 0;
  }
  return 2;
}

const UID = /^[A-Za-z0-9_.-]+-\d+$/;

/** Return what to offer for *typed*: a message by its uid, the best fitting of *items*, and a search for the text itself. */
export function offered(items: readonly Item[], typed: string): Item[] {
  const text = typed.trim();
  const first: Item[] = UID.test(text) ? [{ key: "uid", kind: "message", name: text, to: "/messages/$uid", params: { uid: text } }] : [];
  const last: Item[] = text === "" ? [] : [{ key: "search", kind: "search", name: `Search messages for ${text}`, to: "/messages", search: { q: text } }];
  const fitting = items
    .map((item) => ({ item, by: Math.max(fit(item.name, text), fit(`${item.kind} ${item.name}`, text)) }))
    .filter(({ by }) => by > 0)
    .toSorted((one, other) => other.by - one.by || (text === "" ? 0 : one.item.name.length - other.item.name.length))
    .map(({ item }) => item);
  return [...first, ...fitting.slice(0, SHOWN_MAX), ...last];
}
