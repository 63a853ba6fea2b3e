// One step of a sequence: its time, its lines between lifelines, and what they say.
import { memo } from "react";
import { serviceColour } from "@/model/colour";
import { shown } from "@/model/names";
import { count } from "@/model/numbers";
import { fromMs, parts, span } from "@/model/time";
import { StateShape } from "@/parts/State";
import { type Arm, armsOf, type Columns, labelAt } from "./model/columns";
import type { Lifelines } from "./model/lifelines";
import type { Message } from "./model/light";
import { returned, type Step, wentOnTo } from "./model/steps";
import { addressOf, deathWords, doubt, stepWords } from "./model/words";
import type { Scene } from "./scene";
import css from "./Sequence.module.css";

const LINE = 21;
const PAUSE_TOLD_MS = 1000;

type Props = { step: Step | undefined; before: Step | undefined; pauseCut: boolean; scene: Scene; lifelines: Lifelines; columns: Columns };

export const SequenceRow = memo(function SequenceRow({ step, before, pauseCut, scene, lifelines, columns }: Props) {
  const message = scene.conversation.messages[step?.index ?? -1];
  if (!step || !message) return null;
  const arms = armsOf(message, step, lifelines, columns);
  const dashed = step.kind === "sent" ? doubt(message) : null;
  const at = labelAt(arms, columns);
  const style = "left" in at ? { left: at.left, maxWidth: columns.width - at.left - 8 } : { right: columns.width - at.right, maxWidth: at.right - columns.gutter };
  const pause = before ? step.at - before.at : 0;
  const cut = pauseCut ? ` pause of ${span(pause)} cut` : "";
  return (
    <>
      <span className={css.time} style={{ width: columns.gutter }} title={cut ? `${cut}: longer than it is drawn` : undefined}>
        {parts(fromMs(step.at), scene.zone, 3).clock}
        {cut || pause >= PAUSE_TOLD_MS ? <span className={css.pause}>{cut ? "⋮ " : ""}+{span(pause)}</span> : null}
      </span>
      <svg className={css.lines} width={columns.width} height={28} aria-hidden="true">
        {arms.map((arm) => (
          <Line key={`${arm.kind}${arm.copy}`} arm={arm} colour={colourOf(message, arm)} dashed={dashed !== null} />
        ))}
      </svg>
      <span className={scene.found.has(step.index) ? `${css.label} ${css.found}` : css.label} style={style} title={stepWords(message, step)}>
        <Label message={message} step={step} times={scene.folded.times[step.index] ?? 1} group={scene.folded.groups.get(step.index)?.members.length ?? 0} />
      </span>
    </>
  );
});

function colourOf(message: Message, arm: Arm): string {
  if (arm.kind === "dead") return message.copies[arm.copy]?.death?.timer ? "var(--waiting)" : "var(--dead-lettered)";
  if (arm.kind === "refused") return "var(--unroutable)";
  return serviceColour(message.publisher);
}

function Line({ arm, colour, dashed }: { arm: Arm; colour: string; dashed: boolean }) {
  const { from, to, kind } = arm;
  const way = to < from ? -1 : 1;
  const dash = dashed ? "5 4" : kind === "put" ? "1.5 3" : undefined;
  if (arm.self) {
    return (
      <g stroke={colour} fill="none" strokeWidth="1.5">
        <path d={`M${from + 4} 16h22v8h-18`} strokeDasharray={dash} />
        {kind === "got" ? <path d={`M${from + 5} 24l6 -4v8z`} fill={colour} stroke="none" /> : <circle cx={from + 8} cy={24} r="3" fill="var(--page)" />}
      </g>
    );
  }
  if (kind === "dead") return <path d={`M${from - 5} ${LINE - 5}l10 10m0 -10l-10 10`} stroke={colour} strokeWidth="2" />;
  return (
    <g stroke={colour} strokeWidth="1.5" fill="none">
      <path d={`M${from + way * 4} ${LINE}H${to - way * 5}`} strokeDasharray={dash} />
      {kind === "put" ? <circle cx={to - way * 6} cy={LINE} r="3" fill="var(--page)" /> : null}
      {kind === "left" ? <circle cx={from} cy={LINE} r="3" fill="var(--page)" /> : null}
      {kind === "got" || kind === "left" ? <path d={`M${to - way * 3} ${LINE}l${-way * 7} -4v8z`} fill={colour} stroke="none" /> : null}
      {kind === "refused" ? <path d={`M${to - 4} ${LINE - 5}v10M${to} ${LINE - 5}v10`} /> : null}
    </g>
  );
}

function Label({ message, step, times, group }: { message: Message; step: Step; times: number; group: number }) {
  if (step.kind === "sent") {
    const stays = message.copies.filter((copy) => copy.attempts.length === 0 && copy.origin !== "dead-letter" && !copy.death);
    const wait = step.received.length === 1 ? message.copies[step.received[0] ?? -1]?.wait : null;
    return (
      <>
        <span className={css.address}>{addressOf(message)}</span>
        {message.type === null ? null : <span className={css.quiet}>{shown(message.type)}</span>}
        {group > 1 ? (
          <span className={css.times} data-fold="" title={times > 1 ? "Repeated alike. Click, or →, shows all." : "Shown one by one. Click, or ←, folds them."}>
            {times > 1 ? `× ${count(times)}` : `1 of ${count(group)}`}
          </span>
        ) : null}
        {wait !== null && wait !== undefined && wait >= 1 ? <span className={css.quiet}>after {span(wait)}</span> : null}
        {message.state === "unroutable" ? <Told state="unroutable">unroutable: no queue got it</Told> : null}
        {stays.map((copy) => (
          <Told key={shown(copy.queue)} state={copy.state}>
            {copy.state} in {shown(copy.queue)}
          </Told>
        ))}
      </>
    );
  }
  const copy = message.copies[step.copy];
  if (!copy) return null;
  if (step.kind === "died") {
    const on = wentOnTo(message, step.copy).map(shown);
    const told = `${copy.death ? deathWords(copy.death) : ""} in ${shown(copy.queue)}${on.length ? `, on to ${on.join(", ")}` : ""}`;
    return <Told state={copy.death?.timer ? "waiting" : "dead-lettered"}>{copy.death?.timer ? told : `dead-lettered: ${told}`}</Told>;
  }
  const attempt = copy.attempts[step.attempt];
  return (
    <>
      <span className={css.quiet}>from</span> <span className={css.address}>{shown(copy.queue)}</span>
      {returned(message, step.copy) ? <span className={css.quiet}>where it returned to</span> : null}
      {step.attempt === 0 && copy.wait !== null ? <span className={css.quiet}>after {span(copy.wait)}</span> : null}
      {step.attempt > 0 || attempt?.redelivered ? <Told state="redelivered">redelivered, attempt {step.attempt + 1}</Told> : null}
    </>
  );
}

function Told({ state, children }: { state: Parameters<typeof StateShape>[0]["state"]; children: React.ReactNode }) {
  return (
    <span className={css.told} style={{ color: `var(--${state})` }}>
      <StateShape state={state} /> {children}
    </span>
  );
}
