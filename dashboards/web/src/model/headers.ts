// Header values with the type that AMQP gave them, as the API tells them, and the deaths in `x-death` as rows.
import { isRounded } from "./json-tree";
import { shown, type Text } from "./names";

/** What stands in the log in place of a value that must not enter it. */
export const REDACTED = "***";

export type HeaderRow = { name: string; type: string; text: string; redacted: boolean; nested: unknown };

export type DeathRow = { queue: string; reason: string; times: number; exchange: string; keys: string; at: string | null; expiration: string | null };

/** Return the headers by name; `nested` is the value of a table or list, undefined for all else. */
export function headerRows(headers: Readonly<Record<string, unknown>>): HeaderRow[] {
  return Object.entries(headers)
    .toSorted(([one], [other]) => one.localeCompare(other, "en"))
    .map(([name, value]) => ({ name, ...valueOf(value) }));
}

function plain(type: string, text: string): Omit<HeaderRow, "name"> {
  return { type, text, redacted: false, nested: undefined };
}

function valueOf(value: unknown): Omit<HeaderRow, "name"> {
  if (value === REDACTED) return { type: "left out", text: "", redacted: true, nested: undefined };
  if (value === null) return plain("nothing", "");
  if (typeof value === "string") return plain("text", shown(value));
  if (typeof value === "number") return plain(Number.isInteger(value) ? "integer" : "float", isRounded(value) ? `about ${value}` : String(value));
  if (typeof value === "boolean") return plain("boolean", String(value));
  const [only, ...others] = Object.entries(value as object);
  if (!Array.isArray(value) && only && others.length === 0) {
    const [key, inside] = only as [string, unknown];
    if (key === "b64" && typeof inside === "string") return plain("bytes", inside);
    if (key === "timestamp" && typeof inside === "number") return plain("time", secondsAsTime(inside));
    if (key === "decimal" && typeof inside === "string") return plain("decimal", inside);
  }
  const items = Array.isArray(value) ? value.length : Object.keys(value as object).length;
  return { type: Array.isArray(value) ? "list" : "table", text: `${items}`, redacted: false, nested: value };
}

function secondsAsTime(seconds: number): string {
  const at = new Date(seconds * 1000);
  return Number.isNaN(at.getTime()) ? `${seconds} s since 1970` : at.toISOString().replace(".000Z", "Z");
}

/** Return the deaths that the header `x-death` tells, as the broker orders them: the newest first. */
export function deathsIn(headers: Readonly<Record<string, unknown>> | null): DeathRow[] {
  const list = headers?.["x-death"];
  if (!Array.isArray(list)) return [];
  return list.filter((each): each is Record<string, unknown> => typeof each === "object" && each !== null).map(death);
}

function death(told: Record<string, unknown>): DeathRow {
  const time = told["time"] as { timestamp?: unknown } | undefined;
  const keys = Array.isArray(told["routing-keys"]) ? told["routing-keys"] : [];
  return {
    queue: written(told["queue"]),
    reason: written(told["reason"]),
    times: Number(told["count"] ?? 1),
    exchange: written(told["exchange"]),
    keys: keys.map(written).join(", "),
    at: typeof time?.timestamp === "number" ? secondsAsTime(time.timestamp) : null,
    expiration: told["original-expiration"] === undefined ? null : written(told["original-expiration"]),
  };
}

function written(value: unknown): string {
  if (typeof value === "string") return shown(value);
  if (typeof value === "object" && value !== null && "b64" in value) return shown(value as Text);
  return value === undefined || value === null ? "" : String(value);
}
