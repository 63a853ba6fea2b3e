// A time as it was told, in the zone of choice; all its digits and both zones stand in its title.
import { useOfNow } from "@/app/now";
import { usePreferences } from "@/app/preferences";
import { ago, parts, toMs, zoneName } from "@/model/time";
import css from "./Time.module.css";

export function Time({ at, date = true, digits = 3 }: { at: string | null | undefined; date?: boolean; digits?: number }) {
  const { zone } = usePreferences();
  if (!at) return <span className="quiet">–</span>;
  const told = parts(at, zone, digits);
  const local = parts(at, "local", 9);
  return (
    <time dateTime={at} className={css.time} title={`${at} UTC\n${local.date} ${local.clock} ${zoneName("local", toMs(at))}`}>
      {date ? <span className={css.date}>{told.date} </span> : null}
      {told.clock}
    </time>
  );
}

/** How long ago a time was: at *now* (ms), or at the present, and then nothing but this text moves on. */
export function Ago({ at, now }: { at: string; now?: number | undefined }) {
  return useOfNow((present) => ago(toMs(at), now ?? present));
}

/** A time, and how long ago it was: at *now* (ms) where the page shows another time than the present. */
export function TimeAgo({ at, now }: { at: string | null | undefined; now?: number | undefined }) {
  if (!at) return <span className="quiet">–</span>;
  return (
    <>
      <Time at={at} digits={0} />{" "}
      <span className="quiet">
        <Ago at={at} now={now} /> ago
      </span>
    </>
  );
}
