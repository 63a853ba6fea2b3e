// Broker text as the API tells it (a string, or base64 where it is not UTF-8), how it is shown, and how it stands in an address.

export type Text = string | { b64: string };

const ODD = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** Return what to show of any value from the broker: control and direction characters are written out, so that nothing hides. */
export function shown(value: Text | null | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return `base64 ${value.b64}`;
  return value.replace(ODD, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Return the name of an exchange; the default exchange has none of its own. */
export function exchangeName(name: Text): string {
  return name === "" ? "(default)" : shown(name);
}

/** Return *name* as one parameter of a route: itself, with a `~` before what would be mistaken for base64. */
export function toParam(name: Text): string {
  if (typeof name !== "string") return `~b64~${name.b64.replaceAll("/", "_").replaceAll("+", "-")}`;
  return name.startsWith("~") ? `~${name}` : name;
}

/** Return the name in a parameter that {@link toParam} made. */
export function fromParam(param: string): Text {
  if (param.startsWith("~b64~")) return { b64: param.slice(5).replaceAll("_", "/").replaceAll("-", "+") };
  return param.startsWith("~~") ? param.slice(1) : param;
}

/** Return the segment of an API path for a parameter made by {@link toParam}, its bytes percent-encoded. */
export function toSegment(param: string): string {
  const name = fromParam(param);
  if (typeof name === "string") return encodeURIComponent(name);
  return Array.from(atob(name.b64), (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`).join("");
}

/** Return whether two names are the same. */
export function sameName(one: Text, other: Text): boolean {
  return toParam(one) === toParam(other);
}
