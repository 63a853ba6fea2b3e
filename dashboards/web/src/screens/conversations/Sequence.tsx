// The sequence: who sent what to whom, in time, on lifelines whose heads stay in sight.
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { fromMs, parts } from "@/model/time";
import { useShortcut } from "@/app/keys";
import { armsOf, type Columns, columnsOf } from "./model/columns";
import type { Message } from "./model/light";
import { type Lifelines, lifelinesOf } from "./model/lifelines";
import { marksOfSteps } from "./model/marks";
import { inSteps, toScale } from "./model/scale";
import { spansOf } from "./model/spans";
import { sentAt, type Step, stepsOf } from "./model/steps";
import { NONE } from "./model/tree";
import { stepWords } from "./model/words";
import { Rows, type RowsHandle } from "./Rows";
import type { Scene } from "./scene";
import { SequenceBack } from "./SequenceBack";
import { Heads } from "./SequenceHeads";
import { SequenceRow } from "./SequenceRow";
import css from "./Sequence.module.css";
import { WithStrip } from "./Strip";
import { useRowKeys } from "./useRowKeys";
import { useWidth } from "@/parts/useWidth";

const HEAD = 32;
const GUTTER = 112;

export function Sequence({ scene, time, queues }: { scene: Scene; time: boolean; queues: boolean }) {
  const { conversation, folded, selected } = scene;
  const around = useRef<HTMLDivElement>(null);
  const rows = useRef<RowsHandle>(null);
  const width = useWidth(around, 900);
  const lifelines = useMemo(() => lifelinesOf(conversation.messages, queues), [conversation, queues]);
  const steps = useMemo(() => stepsOf(conversation, folded, !queues), [conversation, folded, queues]);
  const scale = useMemo(() => {
    const times = Float64Array.from(steps, (step) => step.at);
    return time ? toScale(times) : inSteps(times);
  }, [steps, time]);
  const spans = useMemo(() => spansOf(conversation.messages, lifelines, conversation.ended), [conversation, lifelines]);
  const marks = useMemo(() => marksOfSteps(conversation, steps, scene.found), [conversation, steps, scene.found]);
  const columns = useMemo(() => columnsOf(lifelines.all.length, width - 2, GUTTER), [lifelines, width]);
  const [row, setRow] = useRow(steps, selected);
  const look = (to: number) => {
    setRow(to);
    scene.select(steps[to]?.index ?? NONE);
  };
  const move = (by: number) => {
    look(Math.min(Math.max(row + by, 0), steps.length - 1));
    rows.current?.focus();
  };
  useShortcut("j", "Next step", () => move(1));
  useShortcut("k", "Previous step", () => move(-1));
  const onKey = useRowKeys({ scene, move });
  const words = (at: number) => {
    const step = steps[at];
    const message = conversation.messages[step?.index ?? NONE];
    return step && message ? `${parts(fromMs(step.at), scene.zone, 3).clock} ${stepWords(message, step)}` : "";
  };
  return (
    <WithStrip handle={rows} headHeight={HEAD} tops={scale.tops} marks={marks}>
      <div ref={around} className={css.around}>
        <Rows
          label={`Sequence, ${steps.length} steps`}
          tops={scale.tops}
          current={row}
          head={<Heads lifelines={lifelines} columns={columns} />}
          headHeight={HEAD}
          width={columns.width}
          renderBack={(from, to) => <SequenceBack from={from} to={to} scale={scale} columns={columns} lifelines={lifelines} spans={spans} gaps={scene.gaps} ended={conversation.ended} />}
          renderRow={(at) => <SequenceRow step={steps[at]} before={steps[at - 1]} pauseCut={scale.cut.has(at)} scene={scene} lifelines={lifelines} columns={columns} />}
          rowWords={words}
          onRow={(at, { target }) => {
            const fold = target instanceof Element && target.closest("[data-fold]");
            if (fold) scene.toggle(steps[at]?.index ?? NONE);
            else look(at);
            rows.current?.focus();
          }}
          onKey={onKey as (event: KeyboardEvent) => void}
          handle={rows}
          across={acrossOf(conversation.messages[steps[row]?.index ?? NONE], steps[row], lifelines, columns)}
        />
      </div>
    </WithStrip>
  );
}

function acrossOf(message: Message | undefined, step: Step | undefined, lifelines: Lifelines, columns: Columns): { from: number; to: number; stays: number } | undefined {
  if (!message || !step) return undefined;
  const ends = armsOf(message, step, lifelines, columns).flatMap((arm) => [arm.from, arm.to]);
  return { from: Math.min(...ends), to: Math.max(...ends), stays: columns.gutter };
}

/** Return the row that is looked at: the one that was moved to, as long as it is of the message that is looked at, else where that was sent. */
function useRow(steps: readonly Step[], selected: number): [number, (row: number) => void] {
  const [row, setRow] = useState(-1);
  const sent = useMemo(() => sentAt(steps), [steps]);
  if (selected === NONE) return [-1, setRow];
  return [steps[row]?.index === selected ? row : (sent.get(selected) ?? -1), setRow];
}
