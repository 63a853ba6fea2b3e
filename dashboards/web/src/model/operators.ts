// Who did something, in words: the id of a key, or one of the three who have none.

/** Return who *by* is. */
export function byWhom(by: string): string {
  if (by === "") return "hoptrail itself";
  if (by === "local") return "somebody without a key";
  return by === "root" ? "the key of the settings" : `key ${by}`;
}
