// An edit of a message: from what stands in the form to the patch that the API takes. What is not changed is not named.
import type { Schemas } from "@/api/client";
import type { Told } from "./story";

export const EDITABLE = ["message_id", "correlation_id", "type", "content_type", "content_encoding", "reply_to", "app_id"] as const;
export type Editable = (typeof EDITABLE)[number];

export type Form = { properties: Record<Editable, string>; headers: string; body: string | null };
export type Patch = Schemas["EditIn"];

const BROKERS_OWN = /^(x-death$|x-first-death-|x-last-death-|x-delivery-count$|x-acquired-count$|x-opt-deaths$)/;

/** Return the headers that a copy would carry over: without those that the broker writes. */
export function ownHeaders(message: Pick<Told, "headers">): Record<string, unknown> {
  return Object.fromEntries(Object.entries(message.headers ?? {}).filter(([name]) => !BROKERS_OWN.test(name)));
}

/** Return the form for *message*; *body* is its text, null where it has none that can be edited. */
export function formOf(message: Told, body: string | null): Form {
  const properties = Object.fromEntries(EDITABLE.map((name) => [name, textOf(message[name])])) as Record<Editable, string>;
  return { properties, headers: JSON.stringify(ownHeaders(message), null, 2), body };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Return what *form* changes in *message*, whose body is the text *body*; null where it changes nothing.
 *
 * @throws SyntaxError: the headers are no JSON object.
 */
export function patchOf(message: Told, body: string | null, form: Form): Patch | null {
  const before = formOf(message, body);
  const properties: Patch["properties"] = {};
  for (const name of EDITABLE) {
    if (form.properties[name] !== before.properties[name]) properties[name] = form.properties[name] === "" ? null : form.properties[name];
  }
  const old = ownHeaders(message);
  const headers = parsed(form.headers);
  const set = Object.fromEntries(Object.entries(headers).filter(([name, value]) => !(name in old) || JSON.stringify(old[name]) !== JSON.stringify(value)));
  const removed = Object.keys(old).filter((name) => !(name in headers));
  const text = form.body !== null && form.body !== body ? { body: { text: form.body } } : {};
  if (Object.keys(properties).length + Object.keys(set).length + removed.length === 0 && !("body" in text)) return null;
  return { properties, headers: set, remove_headers: removed, ...text };
}

function parsed(text: string): Record<string, unknown> {
  const found: unknown = JSON.parse(text.trim() === "" ? "{}" : text);
  if (typeof found !== "object" || found === null || Array.isArray(found)) throw new SyntaxError("headers are one JSON object");
  return found as Record<string, unknown>;
}
