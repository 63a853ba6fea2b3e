// When something of a list was: the time, with its date once it is not of today, and how long ago.
import { useOfNow } from "@/app/now";
import { toMs } from "@/model/time";
import { Ago, Time } from "@/parts/Time";
import css from "./Home.module.css";

/** Beyond this a time of day alone could be that of another day. */
const DATED_MS = 80_000_000;

export function When({ at }: { at: string }) {
  const isDated = useOfNow((present) => present - toMs(at) > DATED_MS);
  return (
    <span className={css.when}>
      <Time at={at} digits={0} date={isDated} />{" "}
      <span className="quiet">
        <Ago at={at} /> ago
      </span>
    </span>
  );
}
