// Which messages went along an edge or through a node, as a query. Pure.
import type { Edge, Node } from "./graph";
import type { Text } from "./names";
import { all, is } from "./query";

/** Return the condition that *field* is the name; null for a name that a query cannot hold. */
function named(field: string, name: Text | undefined): string | null {
  if (typeof name !== "string") return null;
  return name === "" ? `${field}:""` : is(field, name);
}

const CONDITIONS: Record<string, (from: Node, to: Node) => (string | null)[]> = {
  publish: (from, to) => [named("publisher.service", from.name), named("exchange", to.name)],
  binding: (from, to) => [named("exchange", from.name), named("queue", to.name)],
  deliver: (from, to) => [named("copies.queue", from.name), named("copies.attempts.consumer.service", to.name)],
  "dead-letter": (from, to) => [named("copies.queue", from.name), to.kind === "queue" ? named("copies.dead_letter.to_queues", to.name) : named("copies.dead_letter.exchange", to.name)],
  "exchange-binding": (from) => [named("exchange", from.name)],
  alternate: (from) => [named("exchange", from.name)],
};

/** Return the query for the messages of an edge; null when its names cannot be written in one. With *failed* only those that ended badly.
 *
 * From exchange to exchange these are all that were published to the first: which of them went on is not in a message.
 */
export function messagesOf(edge: Pick<Edge, "kind">, from: Node, to: Node, failed = false): string | null {
  const conditions = CONDITIONS[edge.kind]?.(from, to) ?? [null];
  if (conditions.includes(null)) return null;
  const place = from.kind === "service" ? to : from;
  return all(...conditions, named("vhost", place.vhost), failed ? "state:(dead-lettered OR unroutable OR redelivered)" : null);
}

/** Return the query for the messages of a node; null when its name cannot be written in one. */
export function messagesAt(node: Pick<Node, "kind" | "vhost" | "name">): string | null {
  const own = named(node.kind, node.name);
  if (own === null) return null;
  return all(own, node.kind === "service" ? null : named("vhost", node.vhost));
}
