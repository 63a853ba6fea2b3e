// That hoptrail does not answer: since when, and what that means for what is shown. Nothing while it does.
import { useState } from "react";
import { answers, useLostSince } from "@/api/contact";
import { fromMs, parts, toMs, zoneName } from "@/model/time";
import { Button } from "@/parts/Button";
import { StateShape } from "@/parts/State";
import css from "./NoAnswer.module.css";
import { usePreferences } from "./preferences";

export function NoAnswer() {
  const since = useLostSince();
  const { zone } = usePreferences();
  const [asking, setAsking] = useState(false);
  if (since === undefined) return null;
  const at = fromMs(since);
  const ask = async () => {
    setAsking(true);
    await answers();
    setAsking(false);
  };
  return (
    <div className={css.told} role="alert">
      <StateShape state="not-captured" />
      <p>
        <strong>
          hoptrail has not answered since {parts(at, zone, 0).clock} {zoneName(zone, toMs(at))}.
        </strong>{" "}
        What is shown is from then or before, and whether anything is captured is not known. It goes on by itself once hoptrail answers.
      </p>
      <Button disabled={asking} onClick={() => void ask()}>
        Ask now
      </Button>
    </div>
  );
}
