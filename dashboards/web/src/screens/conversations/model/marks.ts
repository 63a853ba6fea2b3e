// What the strip beside a view tells of each row: its time, whether it failed, and whether it is what is searched for.
import { failed } from "./light";
import type { Step } from "./steps";
import { type Marks, noMarks, partAt } from "./strip";
import type { Conversation } from "./tree";

/** Return the marks of rows that are messages, in *order*, on an axis from *started* to *ended* (ms). */
export function marksOfMessages({ messages }: Conversation, order: readonly number[], found: ReadonlySet<number>, [started, ended]: readonly [number, number]): Marks {
  const marks = noMarks(order.length);
  order.forEach((index, row) => {
    const message = messages[index];
    if (!message) return;
    marks.from[row] = partAt(message.published, started, ended);
    marks.until[row] = partAt(message.end, started, ended);
    marks.failed[row] = Number(failed(message));
    marks.found[row] = Number(found.has(index));
  });
  return marks;
}

/** Return the marks of rows that are the steps of a sequence. */
export function marksOfSteps({ messages, started, ended }: Conversation, steps: readonly Step[], found: ReadonlySet<number>): Marks {
  const marks = noMarks(steps.length);
  steps.forEach((step, row) => {
    const message = messages[step.index];
    marks.from[row] = marks.until[row] = partAt(step.at, started, ended);
    marks.failed[row] = Number(step.kind === "died" ? message?.copies[step.copy]?.death?.timer === false : step.kind === "sent" && message?.state === "unroutable");
    marks.found[row] = Number(step.kind === "sent" && found.has(step.index));
  });
  return marks;
}
