// Messages, copies and deliveries for tests: what is not said is as usual.
import type { Schemas } from "@/api/client";
import { shown } from "./names";
import type { Piece } from "./story";

type Message = Schemas["MessageOut"];
type Copy = Schemas["CopyOut"];
type Attempt = Schemas["AttemptOut"];

/** Return a time of one minute, `seconds` (with a fraction) into it. */
export function at(seconds: number): string {
  return `2026-01-02T10:02:${seconds.toFixed(3).padStart(6, "0")}000000Z`;
}

export function party(service: string | null, confidence = 0.95): Schemas["PartyOut"] {
  return { service, connection: "127.0.0.1:1 -> 127.0.0.1:2", user: "guest", evidence: service ? "client-provided name" : null, confidence: service ? confidence : 0 };
}

export function attempt(service: string | null, seconds: number, more: Partial<Attempt> = {}): Attempt {
  return {
    delivered_at: at(seconds), redelivered: false, consumer: party(service), position: "10", settled: null, processing_ms: null, processing_evidence: null, ...more,
  };
}

export function died(reason: string, toQueues: string[], more: Partial<Schemas["DeadLetterOut"]> = {}): Schemas["DeadLetterOut"] {
  return { reason, exchange: "dlx", routing_key: "", to_queues: toQueues, count: 1, timer: false, at: at(14), ...more };
}

export function copy(queue: string, more: Partial<Copy> = {}): Copy {
  return {
    queue, origin: "routed", state: "delivered", attempts: [], dead_letter: null, enqueued_at: at(11.532), cause: null, confidence: 1, queue_wait_ms: null, ...more,
  };
}

export function message(copies: Copy[], more: Partial<Message> = {}): Message {
  return {
    uid: "main-10", published_at: at(11.532), time_quality: "live", publish_observed: true, vhost: "/", exchange: "images",
    routing_keys: ["raw"], routed_queues: copies.filter((each) => each.origin === "routed").map((each) => each.queue), publisher: party("image-uploader"),
    message_id: null, correlation_id: null, type: null, content_type: null, headers: null, body: null, state: "delivered", copies,
    trace_id: "t1", parent: null, other_parents: [], parent_changes: [], latency_ms: null, position: "10", reply_to: null, app_id: null,
    content_encoding: null, retry_rounds: 0, not_observed: null, end_to_end_ms: null, message_type: null, message_type_evidence: null,
    framework: null, framework_retries: null, error: null, links: { kibana: null, kibana_trace: null }, ...more,
  };
}

/** Return a sentence as plain text, with its full stop; *time* writes a time. */
export function inWords(pieces: readonly Piece[], time: (at: string) => string): string {
  const texts = pieces.map((piece) => {
    if (typeof piece === "string") return piece;
    if ("service" in piece) return piece.service;
    if ("queue" in piece) return shown(piece.queue);
    if ("exchange" in piece) return shown(piece.exchange);
    return "at" in piece ? time(piece.at) : piece.uid;
  });
  return `${texts.join("")}.`;
}
