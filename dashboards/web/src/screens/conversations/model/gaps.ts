// The times within a conversation in which not everything was captured.
import type { Schemas } from "@/api/client";
import { shown, type Text } from "@/model/names";
import { toMs } from "@/model/time";

/** `from` and `until` in ms; `until` is null while the gap is open. */
export type Gap = { from: number; until: number | null; since: string; end: string | null; where: string; why: string };

/** Return the gaps that touch the time from *started* to *ended* in one of *vhosts*; one without a vhost is of all. */
export function gapsWithin(gaps: readonly Schemas["GapOut"][], vhosts: readonly Text[], started: number, ended: number): Gap[] {
  const names = new Set(vhosts.map(shown));
  return gaps
    .filter((gap) => !shown(gap.vhost) || names.size === 0 || names.has(shown(gap.vhost)))
    .map((gap) => ({
      from: toMs(gap.since),
      until: gap.until === null ? null : toMs(gap.until),
      since: gap.since,
      end: gap.until,
      where: [shown(gap.vhost) && `vhost ${shown(gap.vhost)}`, shown(gap.node) && `node ${shown(gap.node)}`].filter(Boolean).join(", "),
      why: gap.why,
    }))
    .filter((gap) => gap.from <= ended && (gap.until === null || gap.until >= started))
    .toSorted((one, other) => one.from - other.from);
}
