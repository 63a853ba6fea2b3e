// Groups of dead letters as a worklist: which to look at, in what order, and what their figures say.
import type { Schemas } from "@/api/client";
import { exchangeName, shown } from "./names";
import { count, plural } from "./numbers";
import { toMs } from "./time";

export type Group = Schemas["DeadLetterGroupOut"];
export type Fate = Schemas["DeadLetterMessageOut"]["fate"];

export const FATES: readonly Fate[] = ["open", "retrying", "retried-and-dead-again", "retried-and-delivered", "resolved-by-itself", "archived"];

export const FATE_SAID: Record<Fate, string> = {
  open: "open",
  retrying: "retrying",
  "retried-and-delivered": "retried and delivered",
  "retried-and-dead-again": "retried and dead again",
  archived: "archived",
  "resolved-by-itself": "resolved by itself",
};

export const FATE_MEANS: Record<Fate, string> = {
  open: "it died, and nothing came of it yet",
  retrying: "a retry was asked for, and its copy was not delivered yet",
  "retried-and-delivered": "the copy that a retry published was delivered, and has not died since",
  "retried-and-dead-again": "the copy of a retry died too, or could not be routed; it is open in its own right",
  archived: "an operator put it away after its last death or retry",
  "resolved-by-itself": "it came back to a queue it was in before, and was delivered there",
};

export type Wanted = { state?: Fate | undefined; q?: string | undefined; vhost?: string | undefined; since?: number | undefined; until?: number | undefined; timers?: boolean | undefined };

/** How many messages of *group* still need somebody. */
export function open(group: Group): number {
  return (group.states.open ?? 0) + (group.states["retried-and-dead-again"] ?? 0);
}

/** Return the groups that *wanted* asks for, those with open messages first, then the newest; times in ms. */
export function worklist(groups: readonly Group[], wanted: Wanted): Group[] {
  return groups
    .filter((group) => (wanted.timers || !group.timer) && (wanted.state === undefined || (group.states[wanted.state] ?? 0) > 0))
    .filter((group) => wanted.vhost === undefined || shown(group.vhost) === wanted.vhost)
    .filter((group) => wanted.since === undefined || toMs(group.last_seen) >= wanted.since)
    .filter((group) => wanted.until === undefined || toMs(group.first_seen) <= wanted.until)
    .filter((group) => wanted.q === undefined || words(group).includes(wanted.q.toLowerCase()))
    .toSorted((one, other) => Number(open(other) > 0) - Number(open(one) > 0) || toMs(other.last_seen) - toMs(one.last_seen));
}

function words(group: Group): string {
  const told = [group.id, group.reason, group.error, group.service, group.note, ...group.services, ...[group.queue, group.exchange, group.routing_key, group.type, group.vhost, ...group.to_queues].map(shown)];
  return told.filter(Boolean).join("\n").toLowerCase();
}

export const HOUR_MS = 3_600_000;

/** Return the deaths of the last *hours* whole hours up to *now* (ms), oldest first; hours without any are 0. */
export function trend(group: Pick<Group, "trend">, now: number, hours: number): number[] {
  const last = Math.floor(now / HOUR_MS);
  const bars = Array.from({ length: hours }, () => 0);
  for (const each of group.trend) {
    const at = hours - 1 - (last - Math.floor(toMs(each.since) / HOUR_MS));
    if (at >= 0 && at < hours) bars[at] = (bars[at] ?? 0) + each.deaths;
  }
  return bars;
}

const REASONS: Record<string, string> = {
  rejected: "rejected", expired: "expired", maxlen: "pushed out of a full queue", delivery_limit: "given back too often", unroutable: "not routed",
};

/** Return what happened to the messages of *group*, in words: `rejected by Modeler`, `expired`. */
export function whyOf(group: Group): string {
  const why = REASONS[group.reason] ?? group.reason;
  return group.reason === "rejected" && group.service ? `${why} by ${shown(group.service)}` : why;
}

/** Return where the dead letters of *group* went, with their routing key: `images.failed:raw → modeler.failed`. */
export function wentTo(group: Group): string {
  const queues = group.to_queues.map(shown).join(", ") || "no queue";
  return group.exchange === "" ? queues : `${exchangeName(group.exchange)}:${shown(group.routing_key)} → ${queues}`;
}

/** Return the states of *group* in words: `16 open, 3 archived`. */
export function fatesOf(group: Group): { fate: Fate; count: number; said: string }[] {
  return FATES.filter((fate) => (group.states[fate] ?? 0) > 0).map((fate) => ({ fate, count: group.states[fate] ?? 0, said: `${count(group.states[fate] ?? 0)} ${FATE_SAID[fate]}` }));
}

/** Return what is said of the messages of *group* that died too long ago to be in any state; null where there are none. */
export function unfollowedSaid(group: Group): string | null {
  return group.unfollowed > 0 ? `${count(group.unfollowed)} not followed any more` : null;
}

/** Return what is said of the timers that are folded away; null where there are none. */
export function timersSaid(groups: readonly Group[]): string | null {
  const timers = groups.filter((group) => group.timer);
  if (timers.length === 0) return null;
  const deaths = timers.reduce((sum, group) => sum + group.deaths, 0);
  return `${plural(timers.length, "group")} of expiries that serve as a delay (${count(deaths)} in all)`;
}
