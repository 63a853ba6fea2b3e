// What the query box asks of the API, once the keys rest: fields and their values, and whether a message is there.
// What is no longer wanted is called off.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { client, told } from "@/api/client";
import { is } from "@/model/query";
import { type Place, type Suggestion, SUGGESTIONS_MAX, fieldsFor, valuesFor } from "@/model/completion";
import { useSettled } from "./useSettled";

const FIELDS_STALE_MS = 60_000;
const UID = /^[\p{L}\p{N}_.-]+-\d+$/u;
const VALUES = 50;
const PREFIX_CHARS_MAX = 200;
export const REST_MS = 150;

/** Return what completes *query* at *place*; nothing is asked while it is null. */
export function useSuggestions(query: string, place: Place | null): Suggestion[] {
  const fields = useQuery({
    queryKey: ["fields"],
    queryFn: ({ signal }) => told(client.GET("/api/v1/fields", { signal })),
    staleTime: FIELDS_STALE_MS,
    enabled: place !== null,
  }).data;
  const name = place?.what === "value" ? place.field : null;
  const known = fields?.items.find((each) => each.name === name);
  const isCounted = known ? known.counted : Boolean(name?.startsWith("header."));
  // A field is asked for at once, and again once no key was pressed for a moment.
  const [field, typed] = useSettled(name === null ? "" : `${name}\n${place?.typed ?? ""}`, REST_MS).split("\n");
  const prefix = field === name ? (typed ?? "").slice(0, PREFIX_CHARS_MAX) : "";
  const values = useQuery({
    queryKey: ["fields", "values", name, prefix],
    queryFn: ({ signal }) => told(client.GET("/api/v1/messages/facets", { params: { query: { field: [name ?? ""], size: VALUES, prefix } }, signal })),
    staleTime: FIELDS_STALE_MS,
    placeholderData: (before, asked) => (asked?.queryKey[2] === name ? before : undefined),
    enabled: isCounted,
    retry: false,
  }).data;
  if (!place || !fields) return [];
  if (place.what === "field") return fieldsFor(place, fields.items, fields.headers, query);
  return valuesFor(place, known, values?.facets[0]?.values ?? [], query).slice(0, SUGGESTIONS_MAX);
}

/** Return *text* when it is the uid of a message that is there. */
export function useUid(text: string): string | null {
  const uid = UID.test(text.trim()) ? text.trim() : "";
  const asked = useSettled(uid, REST_MS);
  const { data } = useQuery({
    queryKey: ["messages", "is-there", uid],
    queryFn: ({ signal }) => told(client.GET("/api/v1/messages", { params: { query: { q: is("uid", uid), limit: 1 } }, signal })).then((page) => page.items[0]?.uid ?? null),
    enabled: uid !== "" && uid === asked,
    retry: false,
    placeholderData: keepPreviousData,
  });
  return uid !== "" && data === uid ? uid : null;
}
