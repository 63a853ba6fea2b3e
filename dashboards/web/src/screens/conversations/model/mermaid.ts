// A sequence as Mermaid text, for a report that is read where no hoptrail is.
import { exchangeName, shown } from "@/model/names";
import { count } from "@/model/numbers";
import { parts, type Zone } from "@/model/time";
import { fromMs } from "@/model/time";
import type { Lifeline, Lifelines } from "./lifelines";
import type { Step } from "./steps";
import type { Conversation } from "./tree";
import { addressOf, deathWords, doubt, waitWords } from "./words";

/** So many steps are written; that the rest was left out is written too. */
export const STEPS_MAX = 400;

type Drawing = { conversation: Conversation; steps: readonly Step[]; lifelines: Lifelines; times: Int32Array; zone: Zone };

/** Return text with what has a meaning in Mermaid written as its number. */
function safe(text: string): string {
  return text.replace(/[#;"<>%{}[\]()|\\`\n\r]/g, (char) => `#${char.charCodeAt(0)};`);
}

export function lifelineName(lifeline: Lifeline): string {
  if (lifeline.kind === "queue") return `queue ${shown(lifeline.name)}`;
  return lifeline.name === null ? "not known" : shown(lifeline.name);
}

/** Return a sequence diagram of *steps*, the first {@link STEPS_MAX} of them. */
export function mermaidOf(drawing: Drawing): string {
  const { lifelines, steps } = drawing;
  const lines = ["sequenceDiagram"];
  lifelines.all.forEach((lifeline, place) => lines.push(`  participant p${place} as ${safe(lifelineName(lifeline))}`));
  for (const step of steps.slice(0, STEPS_MAX)) lines.push(...linesOf(drawing, step).map((line) => `  ${line}`));
  if (steps.length > STEPS_MAX && lifelines.all.length) {
    lines.push(`  note over p0: ${count(STEPS_MAX)} of ${count(steps.length)} steps`);
  }
  return `${lines.join("\n")}\n`;
}

function linesOf({ conversation, lifelines, times, zone }: Drawing, step: Step): string[] {
  const message = conversation.messages[step.index];
  if (!message) return [];
  const clock = parts(fromMs(step.at), zone, 3).clock;
  const from = lifelines.ofService(message.publisher);
  if (step.kind === "sent") {
    const repeated = (times[step.index] ?? 1) > 1 ? ` × ${count(times[step.index] ?? 1)}` : "";
    const label = `${clock} ${addressOf(message)}${repeated}`;
    const arrow = doubt(message) ? "-->>" : "->>";
    if (message.state === "unroutable") return [`p${from}-x p${from}: ${safe(`${label} unroutable, no queue of ${exchangeName(message.exchange)} got it`)}`];
    if (step.received.length === 0) {
      const queues = message.copies.filter((copy) => copy.origin !== "dead-letter").map((copy) => `${shown(copy.queue)}, ${copy.state}`);
      return [`note over p${from}: ${safe(`${label} → ${queues.join("; ") || "no queue seen"}`)}`];
    }
    return step.received.map((place) => {
      const copy = message.copies[place];
      const to = lifelines.ofService(copy?.attempts[0]?.consumer ?? null);
      return `p${from}${arrow}p${to}: ${safe(`${label} via ${shown(copy?.queue)} ${copy ? waitWords(copy) : ""}`.trim())}`;
    });
  }
  const copy = message.copies[step.copy];
  if (!copy) return [];
  if (step.kind === "died") {
    const at = lifelines.ofService(copy.attempts.at(-1)?.consumer ?? message.publisher);
    return [`note over p${at}: ${safe(`${clock} ✕ ${copy.death ? deathWords(copy.death) : ""} in ${shown(copy.queue)}`)}`];
  }
  const attempt = copy.attempts[step.attempt];
  const again = step.attempt > 0 || attempt?.redelivered ? ` redelivered, attempt ${step.attempt + 1}` : "";
  return [`p${from}->>p${lifelines.ofService(attempt?.consumer ?? null)}: ${safe(`${clock} delivered from ${shown(copy.queue)} ${step.attempt === 0 ? waitWords(copy) : ""}${again}`.trim())}`];
}
