// A sequence as an SVG that stands alone: its colours and faces are written out, and nothing in it is asked for elsewhere.
import { shown } from "@/model/names";
import { count } from "@/model/numbers";
import { fromMs, parts, type Zone } from "@/model/time";
import { type Arm, armsOf, type Columns, columnsOf } from "./columns";
import type { Lifelines } from "./lifelines";
import { lifelineName } from "./mermaid";
import { ROW } from "./scale";
import type { Step } from "./steps";
import type { Conversation } from "./tree";
import { addressOf, doubt, waitWords, deathWords } from "./words";
import type { Message } from "./light";

/** So many steps are drawn; that the rest was left out is written below. */
export const STEPS_MAX = 2000;

/** CSS colours, resolved; `service` by the name of one. */
export type Palette = { page: string; text: string; quiet: string; line: string; dead: string; unroutable: string; service: (name: string | null) => string };

export type Drawing = { conversation: Conversation; steps: readonly Step[]; lifelines: Lifelines; times: Int32Array; zone: Zone };

const HEAD = 36;
const GUTTER = 112;

function safe(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`).replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD");
}

/** Return the sequence of *steps*, the first {@link STEPS_MAX} of them, as an SVG document. */
export function svgOf(drawing: Drawing, palette: Palette): string {
  const { lifelines, steps } = drawing;
  const columns = columnsOf(lifelines.all.length, 900, GUTTER);
  const drawn = steps.slice(0, STEPS_MAX);
  const height = HEAD + drawn.length * ROW + ROW;
  const heads = lifelines.all.map((lifeline, place) => {
    const x = columns.middles[place] ?? 0;
    const colour = lifeline.kind === "service" ? palette.service(lifeline.name) : palette.quiet;
    return `<text x="${x}" y="20" text-anchor="middle">${safe(lifelineName(lifeline))}</text><path d="M${x - 40} 28h80" stroke="${colour}" stroke-width="3"/><path d="M${x} ${HEAD}V${height - ROW}" stroke="${palette.line}" stroke-dasharray="4 3"/>`;
  });
  const rows = drawn.map((step, row) => rowOf(drawing, step, columns, palette, HEAD + row * ROW));
  const left = steps.length > drawn.length ? `<text x="8" y="${height - 8}">${count(drawn.length)} of ${count(steps.length)} steps</text>` : "";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${columns.width}" height="${height}" viewBox="0 0 ${columns.width} ${height}" font-family="sans-serif" font-size="13" fill="${palette.text}">`,
    `<rect width="100%" height="100%" fill="${palette.page}"/>`, ...heads, ...rows, left, "</svg>\n",
  ].join("\n");
}

function rowOf({ conversation, lifelines, times, zone }: Drawing, step: Step, columns: Columns, palette: Palette, top: number): string {
  const message = conversation.messages[step.index];
  if (!message) return "";
  const arms = armsOf(message, step, lifelines, columns);
  const x = Math.min(...arms.map((arm) => Math.min(arm.from, arm.to)), columns.width - 80) + 12;
  const dashed = step.kind === "sent" && doubt(message) !== null;
  const clock = `<text x="8" y="${top + 18}" fill="${palette.quiet}" font-family="monospace" font-size="12">${parts(fromMs(step.at), zone, 3).clock}</text>`;
  return `${clock}${arms.map((arm) => lineOf(message, arm, dashed, palette, top + 21)).join("")}<text x="${x}" y="${top + 13}">${safe(labelOf(message, step, times[step.index] ?? 1))}</text>`;
}

function lineOf(message: Message, { kind, from, to, self }: Arm, dashed: boolean, palette: Palette, y: number): string {
  const colour = kind === "dead" ? palette.dead : kind === "refused" ? palette.unroutable : palette.service(message.publisher);
  const line = `fill="none" stroke="${colour}" stroke-width="1.5"`;
  const dash = dashed ? ' stroke-dasharray="5 4"' : kind === "put" ? ' stroke-dasharray="1.5 3"' : "";
  if (kind === "dead") return `<path d="M${from - 5} ${y - 5}l10 10m0 -10l-10 10" ${line}/>`;
  if (self) return `<path d="M${from + 4} ${y - 5}h22v8h-18" ${line}${dash}/><path d="M${from + 5} ${y + 3}l6 -4v8z" fill="${colour}"/>`;
  const way = to < from ? -1 : 1;
  const end = kind === "put" ? `<circle cx="${to - way * 6}" cy="${y}" r="3" ${line}/>` : kind === "refused" ? `<path d="M${to} ${y - 5}v10" ${line}/>` : `<path d="M${to - way * 3} ${y}l${-way * 7} -4v8z" fill="${colour}"/>`;
  return `<path d="M${from} ${y}H${to - way * 5}" ${line}${dash}/>${end}`;
}

function labelOf(message: Message, step: Step, times: number): string {
  if (step.kind === "sent") {
    const waits = step.received.length === 1 ? message.copies[step.received[0] ?? -1] : undefined;
    const stays = message.copies.filter((copy) => copy.attempts.length === 0 && copy.origin !== "dead-letter" && !copy.death).map((copy) => `${copy.state} in ${shown(copy.queue)}`);
    return [addressOf(message), times > 1 ? `× ${count(times)}` : "", waits ? waitWords(waits) : "", message.state === "unroutable" ? "unroutable" : "", ...stays].filter(Boolean).join("  ");
  }
  const copy = message.copies[step.copy];
  if (step.kind === "died") return `dead-lettered: ${copy?.death ? deathWords(copy.death) : ""} in ${shown(copy?.queue)}`;
  const again = step.attempt > 0 || copy?.attempts[step.attempt]?.redelivered ? `redelivered, attempt ${step.attempt + 1}` : "";
  return [`from ${shown(copy?.queue)}`, step.attempt === 0 && copy ? waitWords(copy) : "", again].filter(Boolean).join(" ");
}
