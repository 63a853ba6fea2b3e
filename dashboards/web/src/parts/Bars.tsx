// Small stacked bars over time: how many messages in each span, told apart by state, with what was not captured hatched.
import { count as counted } from "@/model/numbers";
import type { State } from "@/model/state";
import { toMs } from "@/model/time";
import css from "./Bars.module.css";

export type Bar = { since: string; until: string; count: number; parts: readonly { state: State; count: number }[] };
type Gap = { since: string; until: string | null };

const WIDTH = 1000;
/** The lowest that a bar is drawn. */
const SEEN_PX = 1.5;

/** *label* says in words what the picture shows; each bar has its count in its title. */
export function Bars({ label, bars, gaps = [], height = 72 }: { label: string; bars: readonly Bar[]; gaps?: readonly Gap[]; height?: number }) {
  const [first, last] = [bars[0], bars.at(-1)];
  if (!first || !last) return null;
  const [begin, end] = [toMs(first.since), toMs(last.until)];
  const most = Math.max(1, ...bars.map((bar) => bar.count));
  const x = (time: string) => (Math.min(Math.max((toMs(time) - begin) / (end - begin), 0), 1)) * WIDTH;
  return (
    <svg className={css.bars} viewBox={`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" role="img" aria-label={label} style={{ height }}>
      <defs>
        <pattern id="bars-hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line x1="0" y1="0" x2="0" y2="8" stroke="var(--hatch)" strokeWidth="4" />
        </pattern>
      </defs>
      {gaps.map((gap, at) => (
        // Gaps of several vhosts may begin at the same time.
        // oxlint-disable-next-line react/no-array-index-key
        <rect key={at} x={x(gap.since)} y={0} width={Math.max(x(gap.until ?? last.until) - x(gap.since), 2)} height={height} fill="url(#bars-hatch)">
          <title>not captured</title>
        </rect>
      ))}
      {bars.map((bar) => (
        <Stack key={bar.since} bar={bar} x={x(bar.since)} width={Math.max(x(bar.until) - x(bar.since) - 1, 1)} height={height} most={most} />
      ))}
      <line x1="0" x2={WIDTH} y1={height - 0.5} y2={height - 0.5} stroke="var(--line-strong)" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

function Stack({ bar, x, width, height, most }: { bar: Bar; x: number; width: number; height: number; most: number }) {
  // A bar beside one that dwarfs it can still be seen; all others are to scale.
  const whole = bar.count ? Math.max((bar.count / most) * (height - 2), SEEN_PX) : 0;
  const sizes = bar.parts.map((part) => (part.count / bar.count) * whole);
  const below = (at: number) => sizes.slice(0, at + 1).reduce((sum, size) => sum + size, 0);
  return (
    <g>
      <title>{`${counted(bar.count)}: ${bar.parts.map((part) => `${counted(part.count)} ${part.state}`).join(", ")}`}</title>
      {bar.parts.map((part, at) => (
        <rect key={part.state} x={x} y={height - below(at)} width={width} height={sizes[at] ?? 0} fill={`var(--${part.state})`} />
      ))}
    </g>
  );
}
