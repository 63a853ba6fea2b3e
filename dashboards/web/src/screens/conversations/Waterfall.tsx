// The waterfall: each message under the one that caused it, with its time in queues and its time at work, on one axis.
import { useMemo, useRef } from "react";
import { serviceColour } from "@/model/colour";
import { shown } from "@/model/names";
import { count } from "@/model/numbers";
import { span } from "@/model/time";
import { StateShape } from "@/parts/State";
import { failed, type Message } from "./model/light";
import { marksOfMessages } from "./model/marks";
import { ticks } from "./model/scale";
import { NONE, timesOf } from "./model/tree";
import { barsOf } from "./model/waterfall";
import { addressOf, linkWords, routeOf, SURE } from "./model/words";
import { Rows } from "./Rows";
import type { Scene } from "./scene";
import { WithStrip } from "./Strip";
import { useMessageRows } from "./useMessageRows";
import { useWidth } from "@/parts/useWidth";
import css from "./Waterfall.module.css";

const HEAD = 28;
const DEPTH_MAX = 14;
const INDENT = 12;
const TRACK_LEAST = 180;

/** Where a time stands on the track: from 0 to 1. */
type Place = (time: number) => number;

/** With *zoom* the axis is of the time of that message and of all it caused; what lies beside is not drawn. */
export function Waterfall({ scene, zoom }: { scene: Scene; zoom?: number }) {
  const { conversation, folded } = scene;
  const around = useRef<HTMLDivElement>(null);
  const width = useWidth(around, 900);
  const rows = useMessageRows(scene, folded.order);
  const label = Math.round(Math.min(Math.max(width * 0.36, 150), 420));
  const track = Math.max(width - label - 16, TRACK_LEAST);
  const [started, ended] = useMemo(() => (zoom === undefined || zoom === NONE ? [conversation.started, conversation.ended] : timesOf(conversation, zoom)), [conversation, zoom]);
  const length = Math.max(ended - started, 0.001);
  const stripMarks = useMemo(() => marksOfMessages(conversation, folded.order, scene.found, [started, ended]), [conversation, folded, scene.found, started, ended]);
  const place: Place = (time) => Math.min(Math.max((time - started) / length, -0.01), 1.01);
  const marks = ticks(length, Math.max(Math.floor(track / 90), 1));
  return (
    <WithStrip handle={rows.handle} headHeight={HEAD} tops={rows.tops} marks={stripMarks}>
      <div ref={around} className={css.around}>
        <Rows
          label={`Waterfall, ${folded.order.length} rows`}
          tops={rows.tops}
          current={rows.current}
          headHeight={HEAD}
          width={label + track + 16}
          head={
            <>
              <span className={css.corner} style={{ width: label }}>
                message
              </span>
              <span className={css.axis} style={{ left: label, width: track }}>
                {marks.map((ms) => (
                  <span key={ms} className={ms / length > 0.93 ? `${css.tick} ${css.last}` : css.tick} style={{ left: `${(ms / length) * 100}%` }}>
                    {ms === 0 ? "0" : span(ms)}
                  </span>
                ))}
              </span>
            </>
          }
          renderBack={() => (
            <div className={css.grid} style={{ left: label, width: track }}>
              {scene.gaps.map((gap) => (
                <div key={`${gap.since} ${gap.where}`} className={css.gap} title={gap.why} style={{ left: `${place(gap.from) * 100}%`, width: `max(4px, ${(place(gap.until ?? conversation.ended) - place(gap.from)) * 100}%)` }} />
              ))}
              {marks.map((ms) => (
                <div key={ms} className={css.line} style={{ left: `${(ms / length) * 100}%` }} />
              ))}
            </div>
          )}
          renderRow={(at) => <WaterfallRow index={folded.order[at] ?? NONE} scene={scene} label={label} track={track} place={place} />}
          rowWords={(at) => words(scene, folded.order[at] ?? NONE)}
          onRow={rows.onRow}
          onKey={rows.onKey}
          handle={rows.handle}
        />
      </div>
    </WithStrip>
  );
}

function words({ conversation, path, folded }: Scene, index: number): string {
  const message = conversation.messages[index];
  if (!message) return "";
  const parts = barsOf(message, conversation.ended).flatMap((bar) =>
    bar.parts.map((part) => `${part.kind === "wait" ? (part.open ? "waiting since" : "waited") : "worked on about"} ${span(part.until - part.from)}${part.kind === "wait" ? ` in ${shown(bar.queue)}` : ""}`),
  );
  const times = folded.times[index] ?? 1;
  const told = [routeOf(message), message.state, ...parts, times > 1 ? `${count(times)} alike` : "", path.on.has(index) ? "on the critical path" : "", message.link ? linkWords(message.link) : ""];
  return told.filter(Boolean).join("; ");
}

type RowProps = { index: number; scene: Scene; label: number; track: number; place: Place };

function WaterfallRow({ index, scene, label, track, place }: RowProps) {
  const { conversation, path } = scene;
  const message = conversation.messages[index];
  if (!message) return null;
  const depth = conversation.depths[index] ?? 0;
  const bars = barsOf(message, conversation.ended);
  const height = Math.max(Math.min(12, Math.floor(22 / Math.max(bars.length, 1)) - 1), 2);
  const start = place(message.published) * track;
  return (
    <>
      <span className={scene.found.has(index) ? `${css.label} ${css.found}` : css.label} style={{ width: label, paddingLeft: 8 + Math.min(depth, DEPTH_MAX) * INDENT }}>
        {depth > DEPTH_MAX ? <span className={css.quiet}>{depth} </span> : null}
        <span className={message.link && message.link.confidence < SURE ? `${css.swatch} ${css.guess}` : css.swatch} style={{ background: serviceColour(message.publisher), color: serviceColour(message.publisher) }} title={message.link ? linkWords(message.link) : undefined} />
        <Times scene={scene} index={index} />
        <span className={css.address}>{addressOf(message)}</span>
        {failed(message) || message.state === "waiting" ? <Failing message={message} /> : null}
      </span>
      <span className={css.track} style={{ left: label, width: track }}>
        {path.on.has(index) ? <Critical scene={scene} index={index} track={track} place={place} /> : null}
        <span className={css.published} style={{ left: start }} />
        {bars.map((bar, at) => (
          // oxlint-disable-next-line react/no-array-index-key
          <span key={at}>
            {bar.parts.map((part) => {
              const left = place(part.from) * track;
              return (
                <span
                  key={`${part.kind}${part.from}`}
                  className={part.kind === "wait" ? (part.open ? `${css.wait} ${css.open}` : css.wait) : css.work}
                  style={{ left, width: Math.max(place(part.until) * track - left, 2), top: 4 + at * (height + 1), height, background: part.kind === "work" ? serviceColour(part.consumer) : undefined }}
                />
              );
            })}
            {bar.died === null ? null : <Cross left={place(bar.died) * track} top={4 + at * (height + 1)} />}
          </span>
        ))}
        <Length message={message} track={track} place={place} />
      </span>
    </>
  );
}

/** The part of the row that determined the end: until what it caused on the critical path, or until its own end. */
function Critical({ scene: { conversation, path }, index, track, place }: { scene: Scene; index: number; track: number; place: Place }) {
  const message = conversation.messages[index];
  const next = conversation.messages[path.chain[path.chain.indexOf(index) + 1] ?? NONE];
  if (!message) return null;
  const left = place(message.published) * track;
  return <span className={css.critical} style={{ left, width: Math.max(place(next?.published ?? message.end) * track - left, 3) }} />;
}

function Times({ scene, index }: { scene: Scene; index: number }) {
  const group = scene.folded.groups.get(index)?.members.length ?? 0;
  if (group < 2) return null;
  const times = scene.folded.times[index] ?? 1;
  return (
    <span className={css.times} data-fold="" title={times > 1 ? "Repeated alike. Click, or →, shows all." : "Shown one by one. Click, or ←, folds them."}>
      {times > 1 ? `× ${count(times)}` : `1 of ${count(group)}`}
    </span>
  );
}

function Failing({ message }: { message: Message }) {
  const state = message.state === "unroutable" || message.state === "waiting" ? message.state : "dead-lettered";
  return (
    <span className={css.failing} style={{ color: `var(--${state})` }}>
      <StateShape state={state} /> {state}
    </span>
  );
}

function Cross({ left, top }: { left: number; top: number }) {
  return (
    <svg className={css.cross} style={{ left: left - 5, top }} width="10" height="10" aria-hidden="true">
      <path d="M1 1l8 8m0 -8l-8 8" stroke="var(--dead-lettered)" strokeWidth="2" />
    </svg>
  );
}

/** How long the message took, beside its bars: on their right while there is room. */
function Length({ message, track, place }: { message: Message; track: number; place: Place }) {
  if (message.end <= message.published) return null;
  const [start, end] = [place(message.published) * track, place(message.end) * track];
  const right = end + 70 < track;
  return (
    <span className={css.length} style={right ? { left: end + 6 } : { right: track - start + 6 }}>
      {span(message.end - message.published)}
    </span>
  );
}
