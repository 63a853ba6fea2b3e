// Finds messages within a conversation by words that stand in their names.
import { exchangeName, shown } from "@/model/names";
import { consumersOf, type Message } from "./light";

/** Return for each message the text that is searched: id, names, type, states, services. */
export function haystacks(messages: readonly Message[]): string[] {
  return messages.map((message) => {
    const copies = message.copies.flatMap((copy) => [shown(copy.queue), copy.state, copy.death?.reason ?? ""]);
    const names = [message.uid, exchangeName(message.exchange), shown(message.key), shown(message.type), message.state, message.publisher ?? ""];
    return [...names, ...consumersOf(message).map((name) => name ?? ""), ...copies].join("\n").toLowerCase();
  });
}

/** Return the messages in which all words of *text* stand; none for a text without words. */
export function matching(texts: readonly string[], text: string): Set<number> {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return new Set();
  return new Set(texts.flatMap((each, index) => (words.every((word) => each.includes(word)) ? [index] : [])));
}
