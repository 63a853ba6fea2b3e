// What the list below the query box offers, in groups, and what choosing each of it does.
import type { Place, Suggestion } from "@/model/completion";
import { type Searches, type View, viewSaid } from "@/model/searches";
import type { Zone } from "@/model/time";

export type Option = { key: string; text: string; note: string; act: { insert: string; caret: number } | { open: string } | { search: string; view?: View | undefined } };
export type Group = { name: string; options: Option[] };

const RECENT_SHOWN = 6;

/** Return the groups for what is typed: an empty box offers searches, one with a uid in it that message, else what completes it. */
export function groupsFor(text: string, place: Place | null, suggestions: readonly Suggestion[], uid: string | null, searches: Searches, zone: Zone): Group[] {
  if (text.trim() === "") return searchGroups(searches, zone);
  const groups: Group[] = [];
  if (uid) groups.push({ name: "Message", options: [{ key: `open ${uid}`, text: uid, note: "open this message", act: { open: uid } }] });
  const name = place?.what === "value" ? `Values of ${place.field ?? ""}` : "Fields";
  groups.push({ name, options: suggestions.map((each) => ({ key: `${name} ${each.text}`, text: each.text, note: each.note, act: { insert: each.insert, caret: each.caret } })) });
  return groups.filter((group) => group.options.length > 0);
}

function searchGroups(searches: Searches, zone: Zone): Group[] {
  const saved = searches.saved.map((each) => ({ key: `saved ${each.name}`, text: each.name, note: `${each.q} · ${viewSaid(each.view, zone)}`, act: { search: each.q, view: each.view } }));
  const recent = searches.recent.slice(0, RECENT_SHOWN).map((q) => ({ key: `recent ${q}`, text: q, note: "", act: { search: q } }));
  return [{ name: "Saved searches", options: saved }, { name: "Recent searches", options: recent }].filter((group) => group.options.length > 0);
}
