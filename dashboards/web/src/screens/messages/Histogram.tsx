// Matches over time, stacked by state. A drag over it, or arrow keys, Shift and Enter, set the range of time in the address.
import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from "react";
import { usePreferences } from "@/app/preferences";
import { type Bucket, type Gap, hatches, partOf, pathOf, rangeOf, STACKED, stacks, ticks } from "@/model/bars";
import { count, plural } from "@/model/numbers";
import { parts, span, toMs, type Zone } from "@/model/time";
import css from "./Histogram.module.css";
import { useWidth } from "@/parts/useWidth";

const HEIGHT = 52;
const KEYS = "Arrow keys move over the bars, with Shift they mark several, Enter shows only their time.";

type Props = { since: string; until: string; buckets: readonly Bucket[]; gaps: readonly Gap[]; onRange: (range: { since: string; until: string }) => void };

/** The bars from `one` to `other`, whichever is first. */
type Marked = { one: number; other: number };

export function Histogram({ since, until, buckets, gaps, onRange }: Props) {
  const { zone } = usePreferences();
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame, 1000);
  const [marked, setMarked] = useState<Marked | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const [dragging, setDragging] = useState(false);
  const [low, high] = [toMs(since), toMs(until)];
  const last = buckets.length - 1;
  const most = Math.max(0, ...buckets.map((bucket) => bucket.count));
  const step = width / Math.max(1, buckets.length);

  const indexAt = (event: PointerEvent) => {
    const at = event.clientX - event.currentTarget.getBoundingClientRect().left;
    return Math.min(Math.max(Math.floor(at / step), 0), last);
  };
  const take = (found: Marked) => {
    const range = rangeOf(buckets, found.one, found.other);
    setMarked(null);
    if (range) onRange(range);
  };
  const onKey = (event: KeyboardEvent) => {
    const at = marked?.other ?? last;
    const moves: Record<string, number> = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last, PageUp: at - 10, PageDown: at + 10 };
    const moved = moves[event.key];
    if (moved !== undefined) {
      const to = Math.min(Math.max(moved, 0), last);
      setMarked({ one: event.shiftKey ? (marked?.one ?? to) : to, other: to });
    } else if (event.key === "Enter" && marked) take(marked);
    else if (event.key === "Escape" && marked) setMarked(null);
    else return;
    event.preventDefault();
  };
  const told = marked ?? (pointed === null ? null : { one: pointed, other: pointed });
  const said = told ? saidOf(buckets, told, zone) : null;

  return (
    <div ref={frame} className={css.frame}>
      <div
        className={css.bars}
        role="slider"
        tabIndex={0}
        aria-label={`Messages over time. ${KEYS}`}
        aria-valuemin={0}
        aria-valuemax={Math.max(last, 0)}
        aria-valuenow={marked?.other ?? Math.max(last, 0)}
        aria-valuetext={said ?? `${plural(buckets.length, "bar")}; none is marked`}
        onKeyDown={onKey}
        onBlur={() => setMarked(null)}
        onPointerDown={(event) => {
          if (event.button !== 0 || event.pointerType === "touch") return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setDragging(true);
          setMarked({ one: indexAt(event), other: indexAt(event) });
        }}
        onPointerMove={(event) => {
          const at = indexAt(event);
          setPointed(at);
          if (dragging) setMarked((before) => (before ? { ...before, other: at } : before));
        }}
        onPointerUp={(event) => {
          if (!dragging) return;
          setDragging(false);
          if (marked) take({ ...marked, other: indexAt(event) });
        }}
        onPointerLeave={() => setPointed(null)}
      >
        <Drawn buckets={buckets} gaps={gaps} low={low} high={high} width={width} />
        {most > 0 ? (
          <p className={css.scale} aria-hidden="true">
            highest {count(most)} in {span(toMs(buckets[0]?.until ?? since) - low)}
          </p>
        ) : null}
        {told ? <div className={marked ? css.marked : css.pointed} style={{ left: Math.min(told.one, told.other) * step, width: (Math.abs(told.other - told.one) + 1) * step }} /> : null}
      </div>
      <div className={css.axis} aria-hidden="true">
        {ticks(low, high, width, zone).map((tick) => (
          <span key={tick.x} style={{ left: tick.x }}>
            {tick.text}
          </span>
        ))}
      </div>
      {said && told ? (
        <p className={css.tip} style={((told.other + 0.5) * step > width / 2 ? { right: width - told.other * step + 8 } : { left: (told.other + 1) * step + 8 })} aria-hidden="true">
          {said}
        </p>
      ) : null}
    </div>
  );
}

type DrawnProps = { buckets: readonly Bucket[]; gaps: readonly Gap[]; low: number; high: number; width: number };

function Drawn({ buckets, gaps, low, high, width }: DrawnProps) {
  const paths = useMemo(() => [...stacks(buckets, width, HEIGHT - 1)].map(([state, rects]) => ({ state, path: pathOf(rects) })), [buckets, width]);
  return (
    <svg className={css.drawn} width={width} height={HEIGHT} aria-hidden="true">
      <defs>
        <pattern id="messages-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line x1="0" y1="0" x2="0" y2="6" stroke="var(--hatch)" strokeWidth="4" />
        </pattern>
      </defs>
      {hatches(gaps, low, high, width).map((gap) => (
        <rect key={gap.x} x={gap.x} y={0} width={gap.width} height={HEIGHT} fill="url(#messages-hatch)" />
      ))}
      {paths.map(({ state, path }) => (
        <path key={state} d={path} fill={`var(--${state})`} opacity={state === "settled" ? 0.62 : 1} />
      ))}
      <line x1="0" x2={width} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} stroke="var(--line-strong)" />
    </svg>
  );
}

/** Return in words what the marked bars hold: their time, how many messages, and in which states. */
export function saidOf(buckets: readonly Bucket[], { one, other }: Marked, zone: Zone): string | null {
  const own = buckets.slice(Math.min(one, other), Math.max(one, other) + 1);
  const [first, last] = [own[0], own.at(-1)];
  if (!first || !last) return null;
  const digits = toMs(last.until) - toMs(first.since) < 10_000 ? 3 : 0;
  const [from, to] = [parts(first.since, zone, digits), parts(last.until, zone, digits)];
  const sum = own.reduce((all, bucket) => all + bucket.count, 0);
  const states = STACKED.map((state) => [state, own.reduce((all, bucket) => all + partOf(bucket, state), 0)] as const).filter(([, found]) => found > 0);
  const told = states.map(([state, found]) => `${count(found)} ${state}`).join(", ");
  return `${from.date} ${from.clock} – ${to.clock} (${span(toMs(last.until) - toMs(first.since))}): ${plural(sum, "message")}${told ? `, ${told}` : ""}`;
}

