// The deaths of a group by the hour as small bars, with the figures in words.
import { useOfNow } from "@/app/now";
import { type Group, HOUR_MS, trend } from "@/model/deaths";
import { count } from "@/model/numbers";
import css from "./DeadLetters.module.css";

type Props = { group: Pick<Group, "trend">; now: number | undefined; hours?: number; height?: number; barWidth?: number };

/** The *hours* up to *now* (ms), or to the present. */
export function Trend({ group, now, hours = 24, height = 18, barWidth = 3 }: Props) {
  const end = useOfNow((present) => Math.floor((now ?? present) / HOUR_MS) * HOUR_MS);
  const bars = trend(group, end, hours);
  const most = Math.max(1, ...bars);
  const sum = bars.reduce((total, each) => total + each, 0);
  const label = `${count(sum)} in the last ${hours} hours, ${count(bars.at(-1) ?? 0)} of them in this hour, at most ${count(Math.max(...bars))} in one`;
  const step = barWidth + 1;
  return (
    <svg className={css.trend} viewBox={`0 0 ${hours * step} ${height}`} width={hours * step} height={height} preserveAspectRatio="none" role="img" aria-label={label}>
      <title>{label}</title>
      <path d={`M0 ${height - 0.5}H${hours * step}`} className={css.ground} />
      {bars.map((deaths, at) => {
        const size = deaths === 0 ? 0 : Math.max(1.5, (deaths / most) * (height - 1));
        // oxlint-disable-next-line react/no-array-index-key
        return <rect key={at} x={at * step} y={height - size} width={barWidth} height={size} className={css.bar} />;
      })}
    </svg>
  );
}
