// The first words of a message for a line of a list: where a query's words stand, or else how its body begins.
import { type Mark, type Piece, pieces } from "./marks";
import { shown } from "./names";
import { bytes } from "./numbers";

/** A body as the API tells it in a list. */
export type Body = { size: number; truncated: boolean; encoding: string | null; value?: unknown; left_out: string | null };
export type Highlight = { field: string; text: string; begins_at: number; value_chars: number; marks: readonly Mark[] };

/** One line: the field that it is from (null for the body), and its pieces; `quiet` when it only says why there is no text. */
export type Line = { field: string | null; pieces: Piece[]; quiet: boolean };

export const LINE_CHARS = 200;

/** Where else words may stand that no other column shows. */
const TOLD = /^(header\..*|message_id|correlation_id|error)$/;

/** Return the line for a message: where words stand in its body; else how it begins, behind what was found elsewhere. */
export function excerptOf(body: Body | null, highlights: readonly Highlight[]): Line {
  const found = highlights.find((each) => each.field === "body") ?? highlights.find((each) => TOLD.test(each.field));
  if (!found) return beginning(body);
  const cut = pieces(found.text, found.marks).map((piece) => ({ ...piece, text: oneLine(piece.text) }));
  if (found.begins_at > 0) cut.unshift({ text: "… ", marked: false });
  if (found.field === "body") return { field: null, pieces: cut, quiet: false };
  const rest = beginning(body);
  return { field: found.field, pieces: [...cut, { text: "  ", marked: false }, ...rest.pieces], quiet: rest.quiet };
}

function beginning(body: Body | null): Line {
  if (!body) return said("no body");
  if (body.left_out === "large") return said(`${bytes(body.size)}, too large for a list`);
  if (body.left_out === "not permitted") return said("the key does not allow bodies");
  if (body.left_out) return said(`body ${body.left_out}`);
  if (body.size === 0) return said("empty body");
  if (body.encoding !== "json" && typeof body.value !== "string") return said(`${bytes(body.size)} of bytes`);
  if (body.encoding === "base64") return said(`${bytes(body.size)} of bytes`);
  const text = body.encoding === "json" ? JSON.stringify(body.value) : String(body.value);
  return { field: null, pieces: [{ text: oneLine(text.slice(0, LINE_CHARS)), marked: false }], quiet: false };
}

function said(text: string): Line {
  return { field: null, pieces: [{ text, marked: false }], quiet: true };
}

function oneLine(text: string): string {
  return shown(text.replaceAll(/\s+/g, " "));
}
