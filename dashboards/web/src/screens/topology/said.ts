// What is said of a node in the picture: beside its name, and in its tip. Pure.
import { nodeName, type Use, USE_SAID } from "@/model/edges";
import { shown } from "@/model/names";
import { foldedSaid, type ShownNode } from "./fold";
import type { Told } from "./told";
import type { Change } from "./view";

type Known = { told: string; problem: Told["problem"]; use: Use; change: Change | undefined };

/** Return what matters about a node, in one line. */
export function belowOf(node: ShownNode, { told, problem, use, change }: Known): string {
  return joined([told, node.folded.length ? `+ ${foldedSaid(node)}` : "", problem?.kind ?? "", use === "used" ? "" : USE_SAID[use], change ?? ""], " · ");
}

export function tipOf(node: ShownNode, known: Known): string {
  return joined([nodeName(node), node.kind === "service" ? "" : `vhost ${shown(node.vhost)}`, belowOf(node, known), known.problem?.why ?? ""], "\n");
}

function joined(parts: readonly string[], between: string): string {
  return parts.filter((each) => each !== "").join(between);
}
