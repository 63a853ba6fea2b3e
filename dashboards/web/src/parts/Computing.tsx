// What is shown until the system as of a time is worked out: how far it is, or why it cannot be had.
import { progressOf } from "@/api/past";
import { count } from "@/model/numbers";
import { span } from "@/model/time";
import { Asking, Failed } from "./Nothing";

/** Of a query that has no answer yet: *failure* is what came last, *error* what it ended with. */
export function Computing({ error, failure, again }: { error: Error | null; failure: Error | null; again: () => void }) {
  if (error) return <Failed error={error} again={again} />;
  const progress = progressOf(failure);
  if (!progress) return <Asking />;
  if (!progress.toFold) {
    return (
      <p role="status" className="quiet">
        Reading the nearest state kept before that time
      </p>
    );
  }
  return (
    <p className="quiet">
      <span role="status">Working it out from the log</span>: {count(progress.folded)} of {count(progress.toFold)} events{progress.leftS === null ? "" : `, about ${span(Math.ceil(progress.leftS) * 1000)} more`}. <progress value={progress.folded} max={progress.toFold} aria-label="Events folded" />
    </p>
  );
}
