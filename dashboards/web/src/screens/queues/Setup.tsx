// How a queue is set up: what it is, and its arguments and policy in words.
import type { Schemas } from "@/api/client";
import { argumentsSaid, type Said } from "@/model/queues";
import { shown } from "@/model/names";
import { Facts } from "@/parts/Facts";

export function Setup({ queue }: { queue: Schemas["QueueDetailOut"] }) {
  const kept = queue.durable ? "durable: it outlives a restart of the broker" : "not durable: a restart of the broker removes it";
  return <Facts facts={[["type", `${shown(queue.type)}, ${kept}`], ...rowsOf(queue.arguments, "argument"), ...rowsOf(queue.policy, "policy")]} />;
}

function rowsOf(table: Record<string, unknown>, what: string): [string, string][] {
  return argumentsSaid(table).map(({ name, said }: Said) => [`${what} ${name}`, said]);
}
