// Why we think so: everything about a message that was concluded and not seen, each with how sure it is and what it rests on.
import type { Schemas } from "@/api/client";
import { shown, toParam } from "./names";
import { count, plural } from "./numbers";
import { all, is } from "./query";
import type { Piece, Told } from "./story";
import { span } from "./time";

type Parent = Schemas["ParentOut"];

export type Inference = {
  what: Piece[];
  /** From 0 to 1; null where it is an estimate that has none. */
  confidence: number | null;
  why: string;
  /** How many others it could have been on the same evidence, the likeliest of them, and a query for what comes into question. */
  rivals?: { count: number; likeliest: string[]; query: string | null };
};

export type Reasons = { about: string; inferences: Inference[] };

/** Evidence of a link that does not stay within one trace or conversation. */
const BY_TIMING = new Set(["single-unfinished-delivery", "same body again"]);

/** Return all inferences about *message*, by what they are about; groups without any are left out. */
export function reasonsOf(message: Told): Reasons[] {
  return [
    { about: "Who", inferences: who(message) },
    { about: "What caused it", inferences: causes(message) },
    { about: "What became of it", inferences: fates(message) },
    { about: "How long it took", inferences: times(message) },
    { about: "What it is", inferences: kinds(message) },
  ].filter((group) => group.inferences.length > 0);
}

function party(what: Piece[], told: Schemas["PartyOut"]): Inference {
  return { what, confidence: told.confidence, why: told.evidence ?? "nothing tells its name" };
}

function who(message: Told): Inference[] {
  const told = [party(["Published by ", named(message.publisher)], message.publisher)];
  const known = new Set<string>();
  for (const copy of message.copies) {
    for (const { consumer } of copy.attempts) {
      const key = `${consumer.service} ${consumer.evidence} ${consumer.confidence} ${toParam(copy.queue)}`;
      if (known.has(key)) continue;
      known.add(key);
      told.push(party(["Given from ", { queue: copy.queue, vhost: message.vhost }, " to ", named(consumer)], consumer));
    }
  }
  return told;
}

function named(told: Schemas["PartyOut"]): Piece {
  return told.service === null ? `a connection without a known service (${shown(told.connection) || "not told"})` : { service: told.service };
}

function causes(message: Told): Inference[] {
  const told = [message.parent, ...message.other_parents].filter((link): link is Parent => link !== null);
  const links = told.map((link, at) => linked(at === 0 && message.parent ? "Caused by " : "Also had a part: ", link, message));
  const changes = message.parent_changes.map((change): Inference => ({
    what: ["Known since ", { at: change.at }, ": ", ...side(change.after), ", before: ", ...side(change.before)],
    confidence: change.after?.confidence ?? null,
    why: `${change.why} (position ${change.position})`,
  }));
  return links.length > 0 ? [...links, ...changes] : [{ what: ["Nothing tells what caused it"], confidence: null, why: "no id, header or unfinished delivery names a cause" }, ...changes];
}

function linked(words: string, link: Parent, message: Told): Inference {
  return { what: [words, { uid: link.uid }], confidence: link.confidence, why: link.evidence, rivals: { count: link.rivals, likeliest: link.rival_uids, query: candidates(message, link) } };
}

/** Return who else it could have been, the likeliest by name: `4 others on the same evidence: main-4, main-5, main-6 and 1 more`. */
export function rivalsInWords(rivals: number, likeliest: readonly string[]): Piece[] {
  if (rivals === 0) return ["no other on the same evidence"];
  const told = `${plural(rivals, "other", "others")} on the same evidence`;
  if (likeliest.length === 0) return [told];
  const names = likeliest.flatMap((uid, at): Piece[] => [at === 0 ? ": " : ", ", { uid }]);
  const more = rivals - likeliest.length;
  return [told, ...names, ...(more > 0 ? [` and ${count(more)} more`] : [])];
}

function side(link: Parent | null): Piece[] {
  return link === null ? ["nothing"] : [{ uid: link.uid }];
}

/** Return a query for the messages that may have caused *message*: what its publisher was given before; null when nobody is known. */
export function candidates(message: Told, link: Pick<Parent, "uid" | "evidence">): string | null {
  const { service, connection } = message.publisher;
  const given = service !== null
    ? is("copies.attempts.consumer.service", service)
    : typeof connection === "string" ? is("copies.attempts.consumer.connection", connection) : null;
  if (given === null) return null;
  const within = BY_TIMING.has(link.evidence) || message.trace_id === "" ? null : is("trace_id", message.trace_id);
  return all(given, within, `published_at:[* TO ${message.published_at}]`, `-${is("uid", message.uid)}`);
}

function fates(message: Told): Inference[] {
  const told: Inference[] = [];
  if (!message.publish_observed) told.push({ what: ["The publish was not seen"], confidence: null, why: message.not_observed ?? "unknown" });
  for (const copy of message.copies) {
    const queue: Piece = { queue: copy.queue, vhost: message.vhost };
    if (copy.cause) told.push({ what: ["In ", queue, `: ${copy.state}`], confidence: copy.confidence, why: copy.cause });
    else if (copy.origin === "inferred") told.push({ what: ["It was in ", queue, " again"], confidence: copy.confidence, why: "what died before went there, and it was met there later" });
    for (const attempt of copy.attempts) {
      if (attempt.settled && attempt.settled !== copy.cause) told.push({ what: ["The delivery from ", queue, " at ", { at: attempt.delivered_at }, " is settled"], confidence: null, why: attempt.settled });
    }
    if (copy.dead_letter?.timer) told.push({ what: ["It expired in ", queue, " as a delay, which is no failure"], confidence: null, why: "nobody reads that queue, and it leads to one that is read" });
  }
  return told;
}

function times(message: Told): Inference[] {
  const told: Inference[] = [];
  if (message.time_quality !== "live") told.push({ what: ["Published at ", { at: message.published_at }], confidence: null, why: message.time_quality === "backlog" ? "seen late, while capture caught up" : "the broker's own clock" });
  for (const copy of message.copies) {
    const queue: Piece = { queue: copy.queue, vhost: message.vhost };
    if (copy.queue_wait_ms !== null) told.push({ what: ["Waited in ", queue, ` for ${span(copy.queue_wait_ms)}`], confidence: null, why: "from its coming to its first delivery, both seen live and without a gap" });
    for (const attempt of copy.attempts) {
      if (attempt.processing_ms === null) continue;
      const by: Piece[] = attempt.consumer.service === null ? [] : [" by ", { service: attempt.consumer.service }];
      told.push({ what: ["Worked on for ", `${span(attempt.processing_ms)} (estimated)`, ...by], confidence: null, why: attempt.processing_evidence ?? "not told" });
    }
  }
  if (message.latency_ms !== null) told.push({ what: [`First delivered after ${span(message.latency_ms)}`], confidence: null, why: "from its publish to the first delivery of a routed copy, both seen live" });
  if (message.end_to_end_ms !== null) told.push({ what: [`End to end ${span(message.end_to_end_ms)}`], confidence: null, why: "from the publish that began its conversation to the last that is known of work on it" });
  return told;
}

function kinds(message: Told): Inference[] {
  const told: Inference[] = [];
  if (message.message_type !== null) told.push({ what: [`Of type ${shown(message.message_type)}`], confidence: null, why: message.message_type_evidence === "type" ? "the property type" : (message.message_type_evidence ?? "not told") });
  if (message.framework !== null) told.push({ what: [`Written by ${message.framework}`], confidence: null, why: "what stands in its headers or body" });
  if (message.framework_retries !== null) told.push({ what: [`Sent again ${message.framework_retries} times by the framework`], confidence: null, why: `${message.framework ?? "the framework"} says so itself` });
  if (message.error !== null) told.push({ what: [`Failed with: ${shown(message.error)}`], confidence: null, why: "a framework wrote it into headers or body" });
  return told;
}
