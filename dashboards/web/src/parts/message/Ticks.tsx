// The deliveries of a message from one queue, one tick each: a first one full, a repeated one hollow.
import { usePreferences } from "@/app/preferences";
import { shown } from "@/model/names";
import { count, plural } from "@/model/numbers";
import { parts } from "@/model/time";
import type { Station } from "@/model/ways";
import css from "./RouteStrip.module.css";

const TICKS_MAX = 24;
const SPOKEN_MAX = 10;

export function Ticks({ station }: { station: Station }) {
  const { zone } = usePreferences();
  const { attempts } = station;
  const drawn = attempts.slice(-TICKS_MAX);
  const spoken = attempts.slice(-SPOKEN_MAX).map((each) => `${parts(each.delivered_at, zone).clock} to ${shown(each.consumer.service) || "a service that is not known"}${each.redelivered ? ", again" : ""}`);
  const label = `${plural(attempts.length, "delivery", "deliveries")}: ${attempts.length > SPOKEN_MAX ? "the last " : ""}${spoken.join("; ")}`;
  const width = drawn.length * 6 + 18;
  return (
    <>
      <svg className={css.ticks} viewBox={`0 0 ${width} 14`} width={width} height="14" role="img" aria-label={label}>
        <title>{label}</title>
        <path d={`M0 7H${width - 5}`} className={css.axis} />
        <path d={`M${width - 6} 4l5 3l-5 3Z`} className={css.head} />
        {drawn.map((each, at) => (
          <rect key={each.position} x={6 + at * 6} y="2" width="3" height="10" className={each.redelivered ? css.again : css.tick} />
        ))}
      </svg>
      {attempts.length > 1 ? <span className={css.quiet}>× {count(attempts.length)}</span> : null}
    </>
  );
}
