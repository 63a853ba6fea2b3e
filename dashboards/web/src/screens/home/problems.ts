// What is wrong now, as a worklist: dead letters, unroutable messages, stuck queues and gaps of the last day. Pure.
import { gapsToday, type Gap, gapWhere, type Lost } from "@/model/capture";
import { shown, type Text, toParam } from "@/model/names";
import { count, plural } from "@/model/numbers";
import type { Shade } from "@/model/state";
import { span, toMs } from "@/model/time";

export type Problem = {
  key: string;
  shade: Shade;
  what: string;
  detail: string;
  /** When it was seen last, or since when it is so; null where that is not known. */
  at: string | null;
  to: string;
  params?: Record<string, string>;
  search?: Record<string, string>;
};

type Group = { id: string; queue: Text; reason: string; service: string | null; error: string | null; messages: number; last_seen: string; timer: boolean; states: Record<string, number> };
type Queue = { vhost: Text; name: Text; waiting: number; problem?: { why: string; since: string | null } | null; oldest_at: string | null };
type Unroutable = { total: number; total_is: "exact" | "at_least"; newest: string | null };
export type Seen = { groups: readonly Group[]; queues: readonly Queue[]; gaps: readonly Gap[]; lost: Lost | null; unroutable: Unroutable | null };

export const UNROUTABLE = "state:unroutable AND published_at:[now-24h TO *]";
const DAY_MS = 86_400_000;
const OPEN_STATES = ["open", "retrying", "retried-and-dead-again"];

/** Return what needs a look at *now* (ms), the newest first; that nothing is captured goes before all, and then a gap that is open. */
export function problems(seen: Seen, now: number): Problem[] {
  const found = [...gapProblems(seen.gaps, now), ...deadLetterProblems(seen.groups, now), ...queueProblems(seen.queues), ...unroutableProblem(seen.unroutable)];
  return [...lostProblem(seen.lost), ...found.toSorted((one, other) => msOf(other) - msOf(one))];
}

function msOf({ at }: Problem): number {
  return at === null ? 0 : toMs(at);
}

function deadLetterProblems(groups: readonly Group[], now: number): Problem[] {
  return groups
    .filter((group) => !group.timer && toMs(group.last_seen) > now - DAY_MS)
    .map((group) => ({ group, open: OPEN_STATES.reduce((sum, state) => sum + (group.states[state] ?? 0), 0) }))
    .filter(({ open }) => open > 0)
    .map(({ group, open }) => ({
      key: `dead-letters ${group.id}`,
      shade: "dead-lettered",
      what: `${plural(open, "open dead letter")} from ${shown(group.queue)}`,
      detail: [group.reason, group.error, group.service ? `consumer ${shown(group.service)}` : null].filter(Boolean).join(" · "),
      at: group.last_seen,
      to: "/dead-letters/$groupId",
      params: { groupId: group.id },
    }));
}

function queueProblems(queues: readonly Queue[]): Problem[] {
  return queues.flatMap((queue) =>
    queue.problem
      ? [
          {
            key: `queue ${toParam(queue.vhost)} ${toParam(queue.name)}`,
            shade: "waiting" as const,
            what: `${count(queue.waiting)} waiting in ${shown(queue.name)}`,
            detail: queue.problem.why,
            at: queue.problem.since ?? queue.oldest_at,
            to: "/queues/$vhost/$name",
            params: { vhost: toParam(queue.vhost), name: toParam(queue.name) },
          },
        ]
      : [],
  );
}

function lostProblem(lost: Lost | null): Problem[] {
  if (!lost) return [];
  return [{ key: "lost", shade: "not-captured", what: "Nothing is captured now", detail: lost.why, at: lost.since, to: "/capture" }];
}

function gapProblems(gaps: readonly Gap[], now: number): Problem[] {
  return gapsToday(gaps, now).map((gap) => ({
    key: `gap ${gap.since} ${toParam(gap.vhost)} ${toParam(gap.node)}`,
    shade: "not-captured",
    what: gap.until === null ? `Not captured ${gapWhere(gap)}, still` : `Not captured for ${span(toMs(gap.until) - toMs(gap.since))} ${gapWhere(gap)}`,
    detail: gap.why,
    at: gap.until ?? new Date(now).toISOString(),
    to: "/capture",
  }));
}

function unroutableProblem(unroutable: Unroutable | null): Problem[] {
  if (!unroutable || unroutable.total === 0 || !unroutable.newest) return [];
  return [
    {
      key: "unroutable",
      shade: "unroutable",
      what: `${unroutable.total_is === "exact" ? "" : "at least "}${plural(unroutable.total, "message")} reached no queue`,
      detail: "published in the last 24 hours, and no binding fitted",
      at: unroutable.newest,
      to: "/messages",
      search: { q: UNROUTABLE },
    },
  ];
}
