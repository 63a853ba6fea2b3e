// A retry that was started: how far it is, how long it still takes, and whether it asks the operator something.
import type { Schemas } from "@/api/client";
import { count, plural, short } from "./numbers";
import { span } from "./time";

export type Retry = Schemas["RetryOut"];

export const ENDED: ReadonlySet<Retry["state"]> = new Set(["done", "cancelled", "failed"]);

/** Return whether a retry rests because an operator has to decide what became of messages in doubt. */
export function asks(retry: Pick<Retry, "state" | "why">): boolean {
  return retry.state === "paused" && /may be published already/.test(retry.why);
}

/** Return how far *retry* is, from 0 to 1. */
export function progress(retry: Pick<Retry, "messages" | "published" | "failed">): number {
  return retry.messages === 0 ? 1 : Math.min(1, (retry.published + retry.failed) / retry.messages);
}

/** Return how far it is in words: `40 of 137 published, 2 failed; about 2 s to go at 50/s`. */
export function progressSaid(retry: Pick<Retry, "messages" | "published" | "failed" | "state" | "rate_per_s">): string {
  const done = `${count(retry.published)} of ${plural(retry.messages, "message")} published${retry.failed > 0 ? `, ${count(retry.failed)} failed` : ""}`;
  const rest = retry.messages - retry.published - retry.failed;
  if (retry.state !== "running" || rest <= 0) return done;
  return `${done}; at least ${span((rest / retry.rate_per_s) * 1000)} to go at ${short(retry.rate_per_s)}/s`;
}

/** What an operator may answer to a retry that asks, with what it costs at worst; where messages are removed only one is offered. */
export function answersTo(retry: Pick<Retry, "remove">): { unsure: "published" | "missing"; does: string; risk: string }[] {
  const missing = { unsure: "missing" as const, does: "Take them as missing, and publish them", risk: "At worst some are published twice." };
  if (retry.remove !== "none") return [{ ...missing, does: "Publish what still lies in its queue" }];
  return [{ unsure: "published", does: "Take them as published", risk: "At worst some are lost; their dead letters stay where they lie." }, missing];
}
