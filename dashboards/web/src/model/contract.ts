// A retry before it is carried out: what is asked of the API, and its dry run in words that read like a contract.
import type { Schemas } from "@/api/client";
import { exchangeName, shown, toParam } from "./names";
import { count, plural, short } from "./numbers";
import { span } from "./time";

export type Plan = Schemas["PlanOut"];
export type Selection = { uids: string[] } | { group: string } | { query: string };
export type Asked = Schemas["SelectionIn"];

/** What somebody chose: where to, what becomes of the dead letters, and how fast. */
export type Options = {
  target: "origin" | "exchange" | "queue" | "named";
  queue: string;
  named: string;
  routingKey: string;
  remove: Asked["remove"];
  again: boolean;
  ratePerS: number;
  batch: number;
};

export const USUAL: Options = { target: "origin", queue: "", named: "", routingKey: "", remove: "none", again: false, ratePerS: 100, batch: 100 };
export const RATE_MAX = 50_000;
export const BATCH_MAX = 1000;

/** From this many messages on, what is published needs a second look even if nothing is removed. */
const MANY = 1000;

/** Return why *options* cannot be planned yet; null when they can. */
export function missingIn(options: Options): string | null {
  if (options.target === "queue" && options.queue === "") return "Name the queue.";
  if (options.target === "named" && options.named === "") return "Name the exchange.";
  if (!(options.ratePerS > 0 && options.ratePerS <= RATE_MAX)) return `The rate is above 0 and at most ${count(RATE_MAX)} messages per second.`;
  if (!(Number.isInteger(options.batch) && options.batch >= 1 && options.batch <= BATCH_MAX)) return `A batch has 1 to ${count(BATCH_MAX)} messages.`;
  return null;
}

/** Return what the API is asked to plan. */
export function askedFor(selection: Selection, options: Options, edit?: Asked["edit"]): Asked {
  const chosen = options.target === "queue" || options.target === "named";
  return {
    ...selection,
    action: edit ? "edit" : chosen && options.remove !== "none" ? "move" : "retry",
    target: targetOf(options),
    remove: options.remove,
    again: options.again,
    ...(edit ? { edit } : {}),
  };
}

function targetOf(options: Options): Asked["target"] {
  if (options.target === "queue") return { kind: "chosen", queue: options.queue, routing_key: "" };
  if (options.target === "named") return { kind: "chosen", exchange: options.named, routing_key: options.routingKey };
  return { kind: options.target, routing_key: "" };
}

export type Contract = {
  /** All of it in one sentence. */
  headline: string;
  /** What the primary button says: what is published where. */
  does: string;
  routes: { messages: number; from: string; to: string; why: string }[];
  refused: { messages: number; why: string; uids: string[]; more: number }[];
  /** What cannot be as it was, and of how many messages. */
  unrestored: { messages: number; what: string }[];
  /** What becomes of the dead letters, and what else has to be known. */
  terms: string[];
  /** What has to be ticked before it can be started; null for nothing. */
  confirm: string | null;
};

/** Return *plan* carried out with *options* as a contract. */
export function contractOf(plan: Plan, options: Options): Contract {
  const places = [...new Set(plan.routes.map(placeOf))];
  const to = places.length === 1 ? (places[0] ?? "") : plural(places.length, "place");
  const messages = plural(plan.messages, "message");
  const from = [...new Set(plan.routes.map((route) => shown(route.queue)).filter((name) => name !== ""))];
  return {
    headline: plan.messages === 0 ? `Nothing of ${count(plan.selected)} selected can be published` : headline(plan, options, to),
    does: `Publish ${messages} to ${to}${plan.remove === "none" ? "" : `, and take ${plan.messages === 1 ? "it" : "them"} off ${from.join(", ")}`}`,
    routes: plan.routes.map((route) => ({ messages: route.messages, from: shown(route.queue) || "the log", to: placeOf(route), why: route.why })),
    refused: plan.refused.map((each) => ({ ...each, more: each.messages - each.uids.length })),
    unrestored: Object.entries(plan.unrestored).map(([what, of]) => ({ messages: of, what })),
    terms: termsOf(plan, from),
    confirm: confirmation(plan, from, to),
  };
}

function headline(plan: Plan, options: Options, to: string): string {
  const pace = `at ${short(options.ratePerS)}/s, ${lasts(plan.messages, options.ratePerS)}`;
  const left = plan.refused.reduce((sum, each) => sum + each.messages, 0);
  const counts = Object.values(plan.unrestored);
  const most = Math.max(0, ...counts);
  const inexact = counts.length === 0 ? "" : `; ${counts.length > 1 ? "at least " : ""}${count(most)} cannot be restored exactly`;
  return `${plural(plan.messages, "message")} to ${to}, ${pace}${inexact}${left > 0 ? `; ${count(left)} left out` : ""}`;
}

/** Return how long so many messages take at *ratePerS*, roughly. */
export function lasts(messages: number, ratePerS: number): string {
  const ms = (messages / ratePerS) * 1000;
  return ms < 1000 ? "less than 1 s" : `about ${span(ms < 60_000 ? Math.round(ms / 1000) * 1000 : ms)}`;
}

function placeOf(route: Plan["routes"][number]): string {
  if (toParam(route.exchange) === "") return `queue ${shown(route.routing_key)}`;
  return `exchange ${exchangeName(route.exchange)} with key ${shown(route.routing_key) || "(empty)"}`;
}

function termsOf(plan: Plan, from: readonly string[]): string[] {
  const told: string[] = [];
  if (plan.not_known > 0) told.push(`${count(plan.not_known)} more of the group are too old to be remembered; select them by a query.`);
  const queues = from.join(", ") || "their queue";
  if (plan.remove === "none") told.push("The dead letters stay where they lie: copies are published from what the log holds.");
  if (plan.remove === "head") told.push(`The messages are taken off the head of ${queues}, each after its copy is confirmed; at the first that is not selected it stops.`);
  if (plan.remove === "drain") told.push(`All of ${queues} is gone through: what is selected is taken off after its copy is confirmed, the rest is given back in its order.`);
  told.push("Each copy carries the header x-hoptrail-retry, begins without its deaths, and is linked to the message it comes from.");
  return told;
}

function confirmation(plan: Plan, from: readonly string[], to: string): string | null {
  if (plan.messages === 0) return null;
  if (plan.remove !== "none") return `Yes: ${plural(plan.messages, "message")} ${plan.messages === 1 ? "leaves" : "leave"} ${from.join(", ") || "their queue"} for good.`;
  return plan.messages >= MANY ? `Yes: ${to} can take ${count(plan.messages)} messages now.` : null;
}
