// Addresses of earlier versions, which Kibana and bookmarks may hold: `#/messages/ID` and `#/traces/ID`.

/** Return the path that an old hash names now; null for anything else. */
export function fromHash(hash: string): string | null {
  const found = /^#\/(messages|traces)\/([^/?#]+)$/.exec(hash);
  if (!found) return null;
  return `/${found[1] === "traces" ? "conversations" : "messages"}/${found[2]}`;
}

/** Replace an old address by the one it has now. */
export function followOldAddress(): void {
  const path = fromHash(location.hash);
  if (path) history.replaceState(null, "", path);
}
