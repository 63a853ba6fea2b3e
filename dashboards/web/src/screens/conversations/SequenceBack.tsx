// What stands behind the rows of a sequence: lifelines, when services were at work, when something waited, and what was not captured.
import { serviceColour } from "@/model/colour";
import { type Columns, inPixels } from "./model/columns";
import type { Gap } from "./model/gaps";
import type { Lifelines } from "./model/lifelines";
import { heightOf, type Scale } from "./model/scale";
import { type Spans, touching } from "./model/spans";
import css from "./Sequence.module.css";

type Props = {
  from: number;
  to: number;
  scale: Scale;
  columns: Columns;
  lifelines: Lifelines;
  spans: { work: readonly Spans[]; wait: readonly Spans[] };
  gaps: readonly Gap[];
  ended: number;
};

const SPAN_LEAST = 4;

export function SequenceBack({ from, to, scale, columns, lifelines, spans, gaps, ended }: Props) {
  const since = scale.times[Math.max(from - 1, 0)] ?? 0;
  const until = to >= scale.times.length ? Number.POSITIVE_INFINITY : (scale.times[to] ?? 0);
  const heights = (all: Spans | undefined) => inPixels(touching(all ?? [], since, until).map(([start, end]) => [heightOf(scale, start), heightOf(scale, end)]), SPAN_LEAST);
  return (
    <>
      {gaps.filter((gap) => gap.from <= until && (gap.until ?? ended) >= since).map((gap) => {
        const top = heightOf(scale, gap.from);
        return (
          <div key={`${gap.since} ${gap.where}`} className={css.gap} style={{ top, height: Math.max(heightOf(scale, gap.until ?? ended) - top, 14) }}>
            <span>not captured: {gap.why}</span>
          </div>
        );
      })}
      {lifelines.all.map((lifeline, place) => {
        const left = columns.middles[place] ?? 0;
        const colour = lifeline.kind === "service" ? serviceColour(lifeline.name) : "var(--line-strong)";
        return (
          // oxlint-disable-next-line react/no-array-index-key
          <div key={place}>
            <div className={css.lifeline} style={{ left }} />
            {heights(spans.wait[place]).map(([top, bottom]) => (
              <div key={`w${top}`} className={css.wait} style={{ left: lifeline.kind === "queue" ? left - 4 : left - 11, top, height: bottom - top }} />
            ))}
            {heights(spans.work[place]).map(([top, bottom]) => (
              <div key={top} className={css.work} style={{ left: left - 3, top, height: bottom - top, background: colour }} />
            ))}
          </div>
        );
      })}
    </>
  );
}
