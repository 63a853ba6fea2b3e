// What matters about each node of the picture, in few words: rates of a service, kind of an exchange, what waits in a queue. Pure.
import type { Schemas } from "@/api/client";
import type { Graph } from "@/model/graph";
import { toParam, type Text } from "@/model/names";
import { rate, short } from "@/model/numbers";

/** What is told of a node: in the lane of publishers, elsewhere, and in one; and what is wrong with it. */
export type Told = { left: string; right: string; both: string; problem: { kind: string; why: string } | undefined };

export type QueueRow = Pick<Schemas["QueueOut"], "vhost" | "name" | "waiting" | "problem">;

export function queueRowKey(vhost: Text, name: Text): string {
  return `${toParam(vhost)} ${toParam(name)}`;
}

/** Return per node what to tell of it, by id. */
export function toldOf(graph: Graph, queues: ReadonlyMap<string, QueueRow>): Map<string, Told> {
  const rates = new Map<string, { into: number; out: number }>();
  const of = (id: string) => {
    const known = rates.get(id) ?? { into: 0, out: 0 };
    rates.set(id, known);
    return known;
  };
  for (const edge of graph.edges) {
    of(edge.from).out += edge.rate_per_s ?? 0;
    of(edge.to).into += edge.rate_per_s ?? 0;
  }
  return new Map(
    graph.nodes.map((node): [string, Told] => {
      const { into, out } = of(node.id);
      if (node.kind === "service") return [node.id, ofService(into, out)];
      if (node.kind === "exchange") {
        const type = node.attributes["type"];
        return [node.id, same([typeof type === "string" ? type : "", into > 0 ? perSecond(into) : "quiet"])];
      }
      return [node.id, ofQueue(queues.get(queueRowKey(node.vhost, node.name)), into)];
    }),
  );
}

function same(parts: readonly string[], problem?: Told["problem"]): Told {
  const text = parts.filter((each) => each !== "").join(" · ");
  return { left: text, right: text, both: text, problem };
}

/** Return a rate in two digits, which is what fits. */
export function perSecond(value: number): string {
  return rate(Number(value.toPrecision(2)));
}

function ofService(into: number, out: number): Told {
  const [left, right] = [out > 0 ? `gives ${perSecond(out)}` : "", into > 0 ? `gets ${perSecond(into)}` : ""];
  return { left: left || "quiet", right: right || "quiet", both: [left, right].filter((each) => each !== "").join(" · ") || "quiet", problem: undefined };
}

function ofQueue(row: QueueRow | undefined, into: number): Told {
  const waiting = row && row.waiting > 0 ? `${short(row.waiting)} waiting` : "";
  return same([waiting, into > 0 ? perSecond(into) : waiting ? "" : "quiet"], row?.problem ? { kind: row.problem.kind.replaceAll("-", " "), why: row.problem.why } : undefined);
}
