// How far a rebuild is. Pure.
import { plural, short } from "@/model/numbers";
import { span } from "@/model/time";

type Rebuild = { state: string; position: string; target: string; events_per_s: number | null; error: string | null };

/** Return the share that is done, from 0 to 1; what has nothing to do is done. */
export function share(rebuild: Pick<Rebuild, "position" | "target">): number {
  const [position, target] = [Number(rebuild.position), Number(rebuild.target)];
  return target > 0 ? Math.min(position / target, 1) : 1;
}

/** Return what is to be said of a rebuild: how far, how fast, and how long it still takes at that pace. */
export function progressSaid(rebuild: Rebuild): string {
  if (rebuild.error) return `failed: ${rebuild.error}`;
  if (rebuild.state !== "running") return rebuild.state;
  const left = Math.max(Number(rebuild.target) - Number(rebuild.position), 0);
  const done = `${Math.floor(share(rebuild) * 100)} %, ${plural(left, "event")} left`;
  if (!rebuild.events_per_s) return done;
  return `${done}, ${short(rebuild.events_per_s)}/s, about ${span((left / rebuild.events_per_s) * 1000)} more`;
}
