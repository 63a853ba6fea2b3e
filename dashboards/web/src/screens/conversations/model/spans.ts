// Stretches of time on lifelines: when a service was at work, and when something waited for it; overlapping ones are one.
import type { Lifelines } from "./lifelines";
import type { Message } from "./light";

/** From and until in ms; sorted, and apart from each other. */
export type Spans = readonly (readonly [number, number])[];

/** Return *spans* as the fewest that cover the same time. */
export function union(spans: readonly (readonly [number, number])[]): Spans {
  const found: [number, number][] = [];
  for (const [from, until] of spans.toSorted((one, other) => one[0] - other[0])) {
    const last = found.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], until);
    else found.push([from, until]);
  }
  return found;
}

/** Return for each lifeline when its service was at work (an estimate), and when something waited for it or, with queues shown, in it. */
export function spansOf(messages: readonly Message[], lifelines: Lifelines, ended: number): { work: Spans[]; wait: Spans[] } {
  const work: [number, number][][] = lifelines.all.map(() => []);
  const wait: [number, number][][] = lifelines.all.map(() => []);
  for (const message of messages) {
    for (const copy of message.copies) {
      const first = copy.attempts[0];
      const queue = lifelines.ofQueue(message.vhost, copy.queue);
      const waits = queue >= 0 ? wait[queue] : first && wait[lifelines.ofService(first.consumer)];
      const until = first?.at ?? (copy.state === "waiting" ? ended : copy.death?.at);
      if (copy.enqueued !== null && until !== null && until !== undefined && until >= copy.enqueued) waits?.push([copy.enqueued, until]);
      for (const attempt of copy.attempts) {
        if (attempt.processing !== null) work[lifelines.ofService(attempt.consumer)]?.push([attempt.at, attempt.at + attempt.processing]);
      }
    }
  }
  return { work: work.map(union), wait: wait.map(union) };
}

/** Return those of *spans* that touch the time between *from* and *until*. */
export function touching(spans: Spans, from: number, until: number): Spans {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((spans[middle]?.[1] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  const found: (readonly [number, number])[] = [];
  for (let at = low; at < spans.length; at += 1) {
    const span = spans[at];
    if (!span || span[0] > until) break;
    found.push(span);
  }
  return found;
}
