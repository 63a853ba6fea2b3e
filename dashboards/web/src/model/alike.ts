// What messages have in common and in what they differ: told over the messages at hand, so that one sees what failed on them.
import type { Schemas } from "@/api/client";
import { shown } from "./names";
import { is } from "./query";

type Message = Schemas["MessageOut"];

/** A field with one value in every message. `query` finds messages with it; null where it cannot be asked for. */
export type Same = { what: string; value: string; query: string | null };

/** A field with several values: the most frequent first, how many more there are, and how many messages have none. */
export type Differs = { what: string; values: { value: string; count: number; query: string | null }[]; more: number; missing: number };

export type Alike = { of: number; same: Same[]; differs: Differs[]; each: string[] };

const FIELDS_MAX = 200;
const VALUES_SHOWN = 5;
const DEPTH_MAX = 5;
const CHARS_MAX = 120;

/** Return what *messages* share, in what they differ, and which fields every message has its own value of. */
export function alike(messages: readonly Message[]): Alike {
  const counted = new Map<string, Map<string, number>>();
  for (const message of messages) {
    for (const [what, value] of fieldsOf(message)) {
      const values = counted.get(what) ?? new Map<string, number>();
      if (!counted.has(what) && counted.size >= FIELDS_MAX) continue;
      counted.set(what, values.set(value, (values.get(value) ?? 0) + 1));
    }
  }
  const found: Alike = { of: messages.length, same: [], differs: [], each: [] };
  for (const [what, values] of counted) sort(found, what, values);
  found.differs.sort((one, other) => one.values.length + one.more - other.values.length - other.more);
  return found;
}

function sort(found: Alike, what: string, values: Map<string, number>): void {
  const have = [...values.values()].reduce((sum, count) => sum + count, 0);
  const [only] = values.keys();
  if (values.size === 1 && have === found.of && only !== undefined) {
    found.same.push({ what, value: only, query: asked(what, only) });
    return;
  }
  if (values.size === have && have > 2) {
    found.each.push(what);
    return;
  }
  const ordered = [...values].toSorted(([, one], [, other]) => other - one);
  found.differs.push({
    what,
    values: ordered.slice(0, VALUES_SHOWN).map(([value, count]) => ({ value, count, query: asked(what, value) })),
    more: Math.max(0, ordered.length - VALUES_SHOWN),
    missing: found.of - have,
  });
}

function asked(what: string, value: string): string | null {
  if (value.endsWith("…") || value.startsWith("base64 ") || /[^\w.-]/.test(what)) return null;
  return is(what, value);
}

function fieldsOf(message: Message): [string, string][] {
  const told: [string, string][] = [];
  const tell = (what: string, value: unknown) => {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") told.push([what, cut(shown(String(value)))]);
    else if (typeof value === "object" && value !== null && "b64" in value) told.push([what, cut(`base64 ${String(value.b64)}`)]);
  };
  tell("publisher.service", message.publisher.service);
  tell("publisher.connection", message.publisher.connection);
  tell("exchange", message.exchange);
  tell("routing_key", message.routing_keys[0]);
  tell("message_type", message.message_type ?? message.type);
  for (const name of ["content_type", "content_encoding", "correlation_id", "message_id", "reply_to", "app_id", "framework", "error"] as const) tell(name, message[name]);
  const consumers = new Set(message.copies.flatMap((copy) => copy.attempts).map((attempt) => shown(attempt.consumer.connection)));
  if (consumers.size === 1) tell("copies.attempts.consumer.connection", [...consumers][0]);
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    if (!name.startsWith("x-death") && !/^x-(first|last)-death-/.test(name)) walk(`header.${name}`, value, tell, 1);
  }
  if (message.body?.encoding === "json") walk("body", message.body.value, tell, 0);
  if (message.body?.truncated) tell("body.truncated", true);
  return told;
}

function walk(path: string, value: unknown, tell: (what: string, value: unknown) => void, depth: number): void {
  if (Array.isArray(value)) tell(`${path} items`, value.length);
  else if (typeof value === "object" && value !== null && !("b64" in value) && depth < DEPTH_MAX) {
    for (const [name, inside] of Object.entries(value)) walk(`${path}.${name}`, inside, tell, depth + 1);
  } else tell(path, value);
}

function cut(text: string): string {
  return text.length > CHARS_MAX ? `${text.slice(0, CHARS_MAX)}…` : text;
}
