// What typing a query can be completed with at the caret, and what the query is then.
import { type Token, plain, tokens } from "./lucene";
import { quoted } from "./query";

/** A field as the API tells it. */
export type Field = {
  name: string;
  is_prefix: boolean;
  kind: "keyword" | "text" | "number" | "time" | "boolean";
  description: string;
  values: readonly string[] | null;
  counted: boolean;
};

/** What stands at the caret: the characters from `from` to `to` are replaced; `typed` is what was typed of it before the caret. */
export type Place = { what: "field" | "value"; field: string | null; typed: string; from: number; to: number };

export type Suggestion = { text: string; note: string; insert: string; caret: number };

export const SUGGESTIONS_MAX = 12;

const TIMES = [[">now-15m", "in the last 15 minutes"], [">now-1h", "in the last hour"], [">now-24h", "in the last day"], ["[now-2h TO now-1h]", "from two hours to one hour ago"]] as const;
const NUMBERS = [[">100", "more than 100"], ["<=100", "at most 100"], ["[10 TO 100]", "from 10 to 100"]] as const;

/** Return what is typed at *caret*; null where nothing can be completed, as within words in quotes. */
export function placeAt(text: string, caret: number): Place | null {
  const all = tokens(text);
  const at = all.findIndex((token) => token.from < caret && caret <= token.to);
  const token = all[at];
  if (!token) return { what: "field", field: null, typed: "", from: caret, to: caret };
  if (token.kind === "field" && caret === token.to) return valueAfter(all[at + 1], token, caret);
  if (token.kind === "word" || token.kind === "field") return placeIn(text, token, caret);
  if (token.kind === "phrase" && token.field !== null) {
    return { what: "value", field: token.field, typed: plain(text.slice(token.from + 1, caret)), from: token.from, to: token.to };
  }
  const opens = token.kind === "open" || token.kind === "sign";
  return opens ? { what: "field", field: null, typed: "", from: caret, to: caret } : null;
}

function valueAfter(next: Token | undefined, field: Token, caret: number): Place | null {
  const follows = next && next.from === caret && (next.kind === "word" || next.kind === "phrase");
  return { what: "value", field: field.field, typed: "", from: caret, to: follows ? next.to : caret };
}

function placeIn(text: string, token: Token, caret: number): Place {
  const typed = plain(text.slice(token.from, caret));
  const isName = token.kind === "field" || token.field === null;
  return { what: isName ? "field" : "value", field: isName ? null : token.field, typed, from: token.from, to: token.to };
}

/** Return the fields that fit what is typed: those that begin so first, then those with a part that does. */
export function fieldsFor(place: Place, fields: readonly Field[], headers: readonly string[], query: string): Suggestion[] {
  const typed = place.typed.toLowerCase();
  const named = [...fields.map((each) => ({ name: each.name, note: each.description, is_prefix: each.is_prefix })), ...headers.map((name) => ({ name, note: "a header", is_prefix: false }))];
  const rank = (name: string) => (name.toLowerCase().startsWith(typed) ? 0 : name.toLowerCase().split(/[._]/).some((part) => part.startsWith(typed)) ? 1 : 2);
  return named
    .filter((each) => rank(each.name) < 2)
    .toSorted((one, other) => rank(one.name) - rank(other.name))
    .slice(0, SUGGESTIONS_MAX)
    .map((each) => suggestion(query, place, each.name, each.note, `${each.name}${each.is_prefix ? "" : ":"}`, ""));
}

/** Return values of the field at *place* that begin with what is typed; *counted* are those that there are, with how many messages. */
export function valuesFor(place: Place, field: Field | undefined, counted: readonly { value: string; count: number }[], query: string): Suggestion[] {
  const typed = place.typed.toLowerCase();
  const known = new Map(counted.map((each) => [each.value, each.count]));
  const values = [...known.keys(), ...(field?.values ?? []).filter((value) => !known.has(value))];
  const found = values
    .filter((value) => value.toLowerCase().includes(typed))
    .toSorted((one, other) => Number(other.toLowerCase().startsWith(typed)) - Number(one.toLowerCase().startsWith(typed)))
    .map((value) => suggestion(query, place, value, known.has(value) ? String(known.get(value)) : "", quoted(value), " "));
  return [...found, ...templates(place, field, query)].slice(0, SUGGESTIONS_MAX);
}

function templates(place: Place, field: Field | undefined, query: string): Suggestion[] {
  if (place.typed !== "" || !field) return [];
  const told = field.kind === "time" ? TIMES : field.kind === "number" ? NUMBERS : [];
  const any: Suggestion[] = field.kind === "text" ? [] : [suggestion(query, place, "*", "any value", "*", " ")];
  return [...told.map(([text, note]) => suggestion(query, place, text, note, text, " ")), ...any];
}

/** Return the suggestion that puts *told* in place, with *behind* after it unless it stands there already. */
function suggestion(query: string, place: Place, text: string, note: string, told: string, behind: string): Suggestion {
  const rest = query.slice(place.to);
  const gap = rest === "" || !rest.startsWith(behind) ? behind : "";
  const insert = `${query.slice(0, place.from)}${told}${gap}${rest}`;
  return { text, note, insert, caret: place.from + told.length + (behind === "" ? 0 : 1) };
}
