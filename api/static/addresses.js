// The addresses of the page: what a `#/...` names, and how to write one. Kept apart so that a test can run it alone.
"use strict";

// Returns {kind: "messages" | "traces", id}, or null when the hash names nothing (also when it is damaged).
function placeIn(hash) {
  const found = /^#\/(messages|traces)\/([^/?#]+)$/.exec(hash);
  if (found === null) return null;
  try {
    return { kind: found[1], id: decodeURIComponent(found[2]) };
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

const addressOf = (kind, id) => `#/${kind}/${encodeURIComponent(id)}`;
