// The range of time in the address: how it is said, and how what somebody types becomes a time of the query language.
import { fixed, momentOf } from "./moment";
import { parts, toMs, type Zone } from "./time";

export const PRESETS = [
  { since: "now-5m", name: "last 5 minutes" },
  { since: "now-15m", name: "last 15 minutes" },
  { since: "now-1h", name: "last hour" },
  { since: "now-6h", name: "last 6 hours" },
  { since: "now-24h", name: "last 24 hours" },
  { since: "now-7d", name: "last 7 days" },
] as const;

const RELATIVE = /^now(?:\s*[-+]\s*\d+\s*(?:ms|s|m|h|d|w))?$/;
const TYPED = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?)?(Z)?$/;

/** Return what *typed* means, as the query language writes it; null when it is no time. Without a zone it is one of *zone*. */
export function timeTyped(typed: string, zone: Zone): string | null {
  const text = typed.trim();
  if (RELATIVE.test(text)) return text.replaceAll(/\s/g, "");
  const found = TYPED.exec(text);
  if (!found) return null;
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = ""] = found;
  const written = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  if (Number.isNaN(Date.parse(`${written}Z`))) return null;
  if (zone === "utc" || found[8]) return `${written}${fraction}Z`;
  // Read as a time of the browser's zone; the fraction, which needs more digits than a Date has, is passed on as it is.
  return new Date(written).toISOString().replace(/\.\d+Z$/, `${fraction}Z`);
}

/** Return a time of the address in words: relative ones as they are, others in *zone* without an empty fraction. */
export function timeSaid(time: string, zone: Zone): string {
  if (time.startsWith("now")) return time;
  const { date, clock } = parts(time, zone, 3);
  return date ? `${date} ${clock.replace(/\.000$/, "")}` : time;
}

/** Return the range in words: `all that is kept`, `last hour`, `since 2026-01-02 10:00:00`, `A – B`. */
export function rangeSaid(since: string | undefined, until: string | undefined, zone: Zone): string {
  if (!since && !until) return "all that is kept";
  const preset = PRESETS.find((each) => each.since === since);
  if (preset && !until) return preset.name;
  if (!until) return `since ${timeSaid(since ?? "", zone)}`;
  if (!since) return `until ${timeSaid(until, zone)}`;
  const [from, to] = [timeSaid(since, zone), timeSaid(until, zone)];
  // The day is told once when both ends are on it.
  const sameDay = /^\d{4}/.test(from) && from.slice(0, 11) === to.slice(0, 11);
  return `${from} – ${sameDay ? to.slice(11) : to}`;
}

type Range = { since?: string | undefined; until?: string | undefined };

/** Return the range as it was at *at*, if given: relative ends are reckoned from then, and it ends then at the latest. */
export function rangeAt({ since, until }: Range, at: string | undefined): Range {
  const then = at === undefined ? Number.NaN : toMs(at);
  if (Number.isNaN(then)) return { since, until: until ?? at };
  const isEarlier = (momentOf(until, then) ?? then) < then;
  return { since: since && fixed(since, then), until: until && isEarlier ? fixed(until, then) : at };
}
