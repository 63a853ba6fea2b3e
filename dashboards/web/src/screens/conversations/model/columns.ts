// Where the lifelines of a sequence stand across, and what one of its rows draws between them.
import type { Lifelines } from "./lifelines";
import type { Message } from "./light";
import type { Step } from "./steps";

export type Columns = { gutter: number; each: number; width: number; middles: readonly number[] };

const EACH_MIN = 136;
const EACH_MAX = 260;
const STUB = 40;

/** Return lifelines spread over *width* px beside a gutter for times; too many of them make it wider. */
export function columnsOf(lifelines: number, width: number, gutter: number): Columns {
  const each = Math.min(Math.max((width - gutter) / Math.max(lifelines, 1), EACH_MIN), EACH_MAX);
  const middles = Array.from({ length: lifelines }, (_, place) => Math.round(gutter + each * (place + 0.5)));
  return { gutter, each, width: Math.max(width, gutter + each * lifelines), middles };
}

/** A line from one px to another. `got`: it was delivered there; `put`: it came to a queue, and is delivered later or not at all;
 * `refused`: no queue got it; `left`: it goes from a queue to its consumer; `dead`: it ends there. */
export type Arm = { kind: "got" | "put" | "refused" | "left" | "dead"; from: number; to: number; self: boolean; copy: number };

/** Return the lines that *step* draws. */
export function armsOf(message: Message, step: Step, lifelines: Lifelines, columns: Columns): Arm[] {
  const at = (place: number) => columns.middles[place] ?? columns.gutter + STUB;
  const publisher = at(lifelines.ofService(message.publisher));
  if (step.kind === "died") return [deadArm(message, step.copy, lifelines, at)];
  if (step.kind === "delivered") {
    const copy = message.copies[step.copy];
    const to = at(lifelines.ofService(copy?.attempts[step.attempt]?.consumer ?? null));
    const queue = copy ? lifelines.ofQueue(message.vhost, copy.queue) : -1;
    return [{ kind: "left", from: queue >= 0 ? at(queue) : to - STUB, to, self: false, copy: step.copy }];
  }
  if (message.copies.length === 0) return [{ kind: message.state === "unroutable" ? "refused" : "put", from: publisher, to: publisher + STUB, self: false, copy: -1 }];
  return message.copies.flatMap((copy, place): Arm[] => {
    if (copy.origin === "dead-letter") return [];
    const first = copy.attempts[0];
    const queue = lifelines.ofQueue(message.vhost, copy.queue);
    if (queue >= 0) return [{ kind: "put", from: publisher, to: at(queue), self: false, copy: place }];
    if (!first) return [{ kind: "put", from: publisher, to: publisher + STUB, self: false, copy: place }];
    const to = at(lifelines.ofService(first.consumer));
    return [{ kind: step.received.includes(place) ? "got" : "put", from: publisher, to, self: to === publisher, copy: place }];
  });
}

function deadArm(message: Message, place: number, lifelines: Lifelines, at: (place: number) => number): Arm {
  const copy = message.copies[place];
  const queue = copy ? lifelines.ofQueue(message.vhost, copy.queue) : -1;
  const last = copy?.attempts.at(-1);
  const from = at(last ? lifelines.ofService(last.consumer) : queue >= 0 ? queue : lifelines.ofService(message.publisher));
  return { kind: "dead", from, to: from + STUB / 2, self: false, copy: place };
}

/** So much room a label wants, px; one that tells of a death tells of queues. */
const LABEL = 260;
const DEATH_LABEL = 440;

/** Return where the label of a row stands: from a px on to the right, or, where there is no room for it but more on the left, up to a px from there. */
export function labelAt(arms: readonly Arm[], columns: Columns): { left: number } | { right: number } {
  const ends = arms.flatMap((arm) => [arm.from, arm.to]);
  const left = Math.min(...ends, columns.width - 80);
  const [arm] = arms;
  const short = arms.length === 1 && arm !== undefined && (arm.kind === "left" || arm.kind === "dead" || arm.kind === "refused");
  const [room, other] = [columns.width - left, left - columns.gutter];
  if (room >= (arm?.kind === "dead" ? DEATH_LABEL : LABEL) || !short || other < Math.max(room, LABEL)) return { left: left + 10 };
  return { right: left - 10 };
}

/** Return spans of px that touch or are nearer than 1 px as one, each at least *least* high. */
export function inPixels(spans: readonly (readonly [number, number])[], least: number): [number, number][] {
  const found: [number, number][] = [];
  for (const [top, bottom] of spans) {
    const last = found.at(-1);
    if (last && top <= last[1] + 1) last[1] = Math.max(last[1], bottom, top + least);
    else found.push([top, Math.max(bottom, top + least)]);
  }
  return found;
}
