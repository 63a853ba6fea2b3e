// A conversation in words: the route of a message, its links, and what each step of a sequence says.
import { exchangeName, shown } from "@/model/names";
import { count } from "@/model/numbers";
import { span } from "@/model/time";
import { consumersOf, type Copy, type Death, type Link, type Message } from "./light";
import { returned, type Step, wentOnTo } from "./steps";

/** Links believed with less than this are drawn dashed. */
export const SURE = 0.8;

export function serviceName(name: string | null): string {
  return name === null ? "a service not known" : shown(name);
}

/** Return where a message was published: `images · image.uploaded`. */
export function addressOf(message: Message): string {
  const key = shown(message.key);
  const more = message.keysMore ? ` and ${count(message.keysMore)} more` : "";
  return key ? `${exchangeName(message.exchange)} · ${key}${more}` : exchangeName(message.exchange);
}

/** Return the way of a message as one line: `uploader → images · image.uploaded → normalizer.images → normalizer`. */
export function routeOf(message: Message): string {
  const queues = [...new Set(message.copies.map((copy) => shown(copy.queue)))];
  const parts = [message.publisher === null ? "not known" : shown(message.publisher), addressOf(message)];
  if (queues.length) parts.push(few(queues));
  const consumers = consumersOf(message).map((name) => (name === null ? "not known" : shown(name)));
  if (consumers.length) parts.push(few(consumers));
  return parts.join(" → ");
}

function few(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${count(names.length - 2)} more` : names.join(", ");
}

/** Return how sure it is what caused a message: `probably caused by main-4 (0.7, same body; 2 others may be it)`. */
export function linkWords(link: Link): string {
  const rivals = link.rivals ? `; ${count(link.rivals)} ${link.rivals === 1 ? "other" : "others"} may be it` : "";
  return `${link.confidence < SURE ? "probably caused" : "caused"} by ${link.uid} (${link.confidence}, ${link.evidence}${rivals})`;
}

/** Return why the sending of a message is drawn dashed; null when it is not. */
export function doubt(message: Message): string | null {
  const doubts = [
    message.observed ? null : "its publishing was not seen",
    message.link && message.link.confidence < SURE ? linkWords(message.link) : null,
  ].filter((each) => each !== null);
  return doubts.length ? doubts.join("; ") : null;
}

export function deathWords(death: Death): string {
  return death.timer ? `${death.reason}, as a timer` : death.reason;
}

/** Return how long a copy waited: `after 1.2 s`; "" when it is not known. */
export function waitWords(copy: Copy): string {
  return copy.wait === null ? "" : `after ${span(copy.wait)}`;
}

/** Return one step of a sequence as a sentence. */
export function stepWords(message: Message, step: Step): string {
  if (step.kind === "sent") return sentWords(message, step.received);
  const copy = message.copies[step.copy];
  if (!copy) return "";
  if (step.kind === "died") {
    const on = wentOnTo(message, step.copy).map(shown);
    const by = copy.death?.reason === "rejected" && copy.attempts.length ? ` by ${serviceName(copy.attempts.at(-1)?.consumer ?? null)}` : "";
    return `${message.uid} ${copy.death ? deathWords(copy.death) : "dead"}${by} in ${shown(copy.queue)}${on.length ? `, on to ${few(on)}` : ""}`;
  }
  const attempt = copy.attempts[step.attempt];
  const again = step.attempt > 0 || attempt?.redelivered ? `, redelivered (attempt ${step.attempt + 1})` : "";
  const wait = step.attempt === 0 ? waitWords(copy) : "";
  const back = returned(message, step.copy) ? " where it returned to" : "";
  return `${serviceName(attempt?.consumer ?? null)} got ${message.uid} from ${shown(copy.queue)}${back}${wait ? ` ${wait}` : ""}${again}`;
}

function sentWords(message: Message, received: readonly number[]): string {
  const type = message.type === null ? "" : ` (${shown(message.type)})`;
  const told = [`${serviceName(message.publisher)} sent ${message.uid}${type} to ${addressOf(message)}`];
  if (message.state === "unroutable") told.push("no queue got it");
  for (const place of received) {
    const copy = message.copies[place];
    if (copy) told.push(`${serviceName(copy.attempts[0]?.consumer ?? null)} got it from ${shown(copy.queue)}${copy.wait === null ? "" : ` ${waitWords(copy)}`}`);
  }
  for (const copy of message.copies) {
    if (copy.attempts.length === 0 && copy.origin !== "dead-letter") told.push(`${copy.state} in ${shown(copy.queue)}`);
  }
  const unsure = doubt(message);
  if (unsure) told.push(unsure);
  return told.join("; ");
}
