// When a message was published and how long it took, as far as it is known, with what each figure rests on in its title.
import type { Told } from "@/model/story";
import { usePreferences } from "@/app/preferences";
import { plural } from "@/model/numbers";
import { span, toMs, zoneName } from "@/model/time";
import { Time } from "@/parts/Time";
import css from "./Message.module.css";

export function Lasted({ message }: { message: Told }) {
  const { zone } = usePreferences();
  const told = figures(message);
  return (
    <span className={css.facts}>
      <span>
        {message.publish_observed ? "published" : "first seen"} <Time at={message.published_at} /> {zoneName(zone, toMs(message.published_at))}
      </span>
      {told.map(([name, value, title]) => (
        <span key={name} title={title}>
          {name} <strong>{value}</strong>
        </span>
      ))}
      {told.length === 0 ? <span className="quiet">{message.copies.some((copy) => copy.attempts.length > 0) ? "No latency is known: publish and delivery were not both seen live." : "No delivery was seen so far."}</span> : null}
    </span>
  );
}

function figures(message: Told): [string, string, string][] {
  const waits = message.copies.map((copy) => copy.queue_wait_ms).filter((each) => each !== null);
  const works = message.copies.flatMap((copy) => copy.attempts).map((each) => each.processing_ms).filter((each) => each !== null);
  const told: [string, string, string][] = [];
  if (waits.length > 0) told.push([waits.length > 1 ? "longest wait" : "waited", span(Math.max(...waits)), "from its coming to a queue to its first delivery"]);
  if (works.length > 0) told.push([works.length > 1 ? "longest work (estimated)" : "worked on (estimated)", span(Math.max(...works)), "what each estimate rests on stands under “why”"]);
  if (message.end_to_end_ms !== null) told.push(["end to end", span(message.end_to_end_ms), "from the publish that began its conversation to the last that is known of work on it"]);
  if (message.retry_rounds > 0) told.push(["came back", plural(message.retry_rounds, "time"), "returns of a copy to a queue that it was in before"]);
  return told;
}
