// Times as the API writes them (RFC 3339 in UTC, with nanoseconds), read and shown without losing digits.

const TIME = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/;

export type Zone = "local" | "utc";

/** Return ms since 1970, with the fraction that a double can hold; NaN for what is no time. */
export function toMs(time: string): number {
  const found = TIME.exec(time);
  if (!found) return Number.NaN;
  const fraction = Number(`0.${found[3] ?? "0"}`) * 1000;
  return Date.parse(`${found[1]}T${found[2]}Z`) + fraction;
}

/** Return the time in the form of the API, to the millisecond. */
export function fromMs(ms: number): string {
  return new Date(ms).toISOString();
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** Return the parts of a time in *zone*: the date, and the time of day with *digits* of its fraction as they were told. */
export function parts(time: string, zone: Zone, digits = 3): { date: string; clock: string } {
  const found = TIME.exec(time);
  if (!found) return { date: "", clock: time };
  const fraction = digits > 0 ? `.${(found[3] ?? "").padEnd(9, "0").slice(0, digits)}` : "";
  if (zone === "utc") return { date: found[1] ?? "", clock: `${found[2]}${fraction}` };
  const at = new Date(`${found[1]}T${found[2]}Z`);
  return {
    date: `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    clock: `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}${fraction}`,
  };
}

/** Return the name of *zone* at *ms*: `UTC`, or the browser's with its offset, `Europe/Berlin (UTC+01:00)`. */
export function zoneName(zone: Zone, ms: number): string {
  if (zone === "utc") return "UTC";
  const minutes = -new Date(ms).getTimezoneOffset();
  const size = Math.abs(minutes);
  const offset = `UTC${minutes < 0 ? "−" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return name === "UTC" ? "UTC" : `${name} (${offset})`;
}

/** Return how long ago *ms* was at *now*, in one unit: `12 s`, `3 min`, `5 h`, `2 d`. */
export function ago(ms: number, now: number): string {
  const seconds = Math.max(0, (now - ms) / 1000);
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** Return a span of time with its unit: `0.4 ms`, `12 ms`, `1.53 s`, `4 min 10 s`, `3 h 5 min`, `2 d 4 h`. */
export function span(ms: number): string {
  if (ms < 0) return `−${span(-ms)}`;
  if (ms < 10) return `${trimmed(ms, 2)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${trimmed(ms / 1000, 2)} s`;
  const units: [number, string][] = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"], [1000, "s"]];
  const at = units.findIndex(([size]) => ms >= size);
  const [first, second] = [units[at], units[at + 1]];
  if (!first || !second) return `${Math.round(ms / 1000)} s`;
  const whole = Math.floor(ms / first[0]);
  const rest = Math.floor((ms % first[0]) / second[0]);
  return rest ? `${whole} ${first[1]} ${rest} ${second[1]}` : `${whole} ${first[1]}`;
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
