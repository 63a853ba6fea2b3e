// Conversations made up for the tests: the same for the same seed, with everything that a real one may have.
import type { State } from "@/model/state";
import { fromMs } from "@/model/time";
import type { LightCopy, LightMessage } from "./light";

const START = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Return a source of numbers from 0 to below 1 (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function message(number: number, more: Partial<LightMessage> & { ms?: number } = {}): LightMessage {
  const { ms = number * 10, ...told } = more;
  return { uid: `main-${number}`, published_at: fromMs(START + ms), vhost: "/", exchange: "images", state: "delivered", publisher: "uploader", routing_key: "image.uploaded", ...told };
}

export function under(parent: number, confidence = 0.95): NonNullable<LightMessage["parent"]> {
  return { uid: `main-${parent}`, evidence: "traceparent", confidence };
}

/** A copy that came to *queue* at *ms* and was delivered to *consumer* after *wait* ms. */
export function copy(queue: string, ms: number, consumer: string | null, wait: number, more: Partial<LightCopy> = {}): LightCopy {
  return {
    queue, state: "delivered", enqueued_at: fromMs(START + ms), queue_wait_ms: wait,
    attempts: [{ delivered_at: fromMs(START + ms + wait), consumer, processing_ms: 4 }], ...more,
  };
}

/** A conversation of *size* messages: mostly trees, with orphans, circles, deaths, repeats and unknown services. */
export function generated(seed: number, size: number): LightMessage[] {
  const random = randomOf(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const services = ["uploader", "normalizer", "modeler", "combiner", null];
  const states: State[] = ["delivered", "settled", "waiting", "unroutable", "dead-lettered"];
  return Array.from({ length: size }, (_, number) => {
    const chance = random();
    const parent = chance < 0.1 ? undefined : chance < 0.15 ? under(size + 7) : under(Math.floor(random() * (chance < 0.2 ? size : Math.max(number, 1))), random());
    const ms = Math.floor(number * 3 * random());
    const copies = Array.from({ length: Math.floor(random() * 3) }, () => {
      const lost = random() < 0.15;
      return copy(`queue-${Math.floor(random() * 3)}`, ms, pick(services), Math.floor(random() * 30), lost ? { state: "dead-lettered", dead_letter: { reason: "rejected", at: fromMs(START + ms + 60) } } : {});
    });
    return message(number, { ms, parent, copies, publisher: pick(services), state: copies.length ? pick(states) : "unroutable", exchange: pick(["images", "results"]), routing_key: `k.${Math.floor(random() * 50)}` });
  });
}

/** A job that sends *size* orders, each of which a worker answers: the shape of a large conversation that folds. */
export function fanOut(size: number): LightMessage[] {
  const items = [message(0, { copies: [copy("jobs", 0, "job", 2)] })];
  for (let number = 1; number <= size; number += 1) {
    const ms = number * 2;
    items.push(message(2 * number - 1, { ms, publisher: "job", exchange: "orders", routing_key: `order.${number}`, parent: under(0), copies: [copy("orders", ms, "worker", 1)] }));
    items.push(message(2 * number, { ms: ms + 3, publisher: "worker", exchange: "done", routing_key: "done", parent: under(2 * number - 1), copies: [copy("done", ms + 3, "job", 1)] }));
  }
  return items;
}
