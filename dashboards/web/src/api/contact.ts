// Whether hoptrail answers. While it does not, nothing is asked of it but whether it is back; then all goes on by itself.
import { onlineManager } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

const PROBE = "/healthz";
const PROBE_MS = 5000;
/** How long to wait before it is asked again, by how often it was; the last holds for all further. */
const AGAIN_MS = [0, 1000, 2000, 5000];
/** What stands between hoptrail and the page says by these that hoptrail does not answer. */
const GATEWAY = new Set([502, 503, 504]);

let answeredAt: number | undefined;
let lostSince: number | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

// Whether the machine has a network says nothing: hoptrail often runs on the machine itself.
onlineManager.setEventListener(() => undefined);

/** Write down that hoptrail answered. */
export function answered(): void {
  answeredAt = Date.now();
  if (lostSince === undefined) return;
  lostSince = undefined;
  clearTimeout(timer);
  onlineManager.setOnline(true);
}

/** Write down that hoptrail did not answer; from now on it is asked whether it is back. */
export function notAnswered(): void {
  if (lostSince !== undefined) return;
  lostSince = answeredAt ?? Date.now();
  onlineManager.setOnline(false);
  probeLater(0);
}

/** Return whether an answer is hoptrail's own: an error that is no Problem comes from what stands before it. */
export function isOwn(response: Response, body: unknown): boolean {
  return !GATEWAY.has(response.status) || (typeof body === "object" && body !== null && "type" in body);
}

let probed: Promise<boolean> | undefined;

/** Ask whether hoptrail answers now; whoever asks meanwhile gets the same answer. */
export function answers(): Promise<boolean> {
  probed ??= fetch(PROBE, { cache: "no-store", signal: AbortSignal.timeout(PROBE_MS) })
    .then(({ ok }) => ok, () => false)
    .then((there) => {
      probed = undefined;
      if (there) answered();
      else notAnswered();
      return there;
    });
  return probed;
}

function probeLater(times: number): void {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    if (!(await answers())) probeLater(times + 1);
  }, AGAIN_MS[Math.min(times, AGAIN_MS.length - 1)]);
}

/** Call *then* once hoptrail answers, at once if it does; return what takes that back. */
export function onceAnswering(then: () => void): () => void {
  if (lostSince === undefined) {
    then();
    return () => undefined;
  }
  const stop = onlineManager.subscribe(() => {
    stop();
    then();
  });
  return stop;
}

/** Return when hoptrail answered last (ms since 1970), while it does not answer; undefined while it does. */
export function useLostSince(): number | undefined {
  return useSyncExternalStore((changed) => onlineManager.subscribe(changed), () => lostSince);
}
