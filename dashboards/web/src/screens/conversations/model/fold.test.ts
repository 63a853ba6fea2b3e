import { describe, expect, it } from "vitest";
import { foldOf, groupsToOpen, patternOf, signatures } from "./fold";
import { copy, fanOut, generated, message, under } from "./generated";
import { conversationOf, NONE } from "./tree";

const seeds = Array.from({ length: 40 }, (_, seed) => seed);
const folded = (items: Parameters<typeof conversationOf>[0], ...open: string[]) => {
  const conversation = conversationOf(items);
  return { conversation, ...foldOf(conversation, signatures(conversation), new Set(open)) };
};

describe("folding", () => {
  it("shows alike siblings once, with what is below the first of them", () => {
    const found = folded(fanOut(120));

    expect(found.order.map((index) => [found.conversation.messages[index]?.uid, found.times[index]])).toEqual([["main-0", 1], ["main-1", 120], ["main-2", 1]]);
  });

  it("shows all members of a group that is open", () => {
    expect(folded(fanOut(5), "main-1").order).toHaveLength(11);
  });

  it("keeps the one that ended otherwise apart", () => {
    const items = fanOut(20);
    items[7] = { ...items[7], state: "dead-lettered", copies: [copy("orders", 8, "worker", 1, { state: "dead-lettered", dead_letter: { reason: "rejected" } })] } as (typeof items)[number];
    const found = folded(items);

    expect(found.order.map((index) => found.times[index])).toEqual([1, 19, 1, 1, 1]);
  });

  it("keeps siblings apart below which other things happened", () => {
    const items = [...fanOut(9), message(100, { parent: under(2) })];

    expect(folded(items).order.filter((index) => folded(items).conversation.messages[index]?.publisher === "job")).toHaveLength(2);
  });

  it.each(seeds)("loses no message: every one is shown, or below one of a folded group (seed %i)", (seed) => {
    const conversation = conversationOf(generated(seed, 150));
    const marks = signatures(conversation);
    const found = foldOf(conversation, marks, new Set());
    for (const [index] of conversation.messages.entries()) {
      const open = groupsToOpen(conversation, marks, index).map((first) => conversation.messages[first]?.uid ?? "");
      expect(open.length === 0).toBe(found.shown[index] === 1);
      expect(foldOf(conversation, marks, new Set(open)).shown[index]).toBe(1);
    }
  });

  it.each(seeds)("shows everything when everything is open, and each with its parent (seed %i)", (seed) => {
    const conversation = conversationOf(generated(seed, 80));
    const marks = signatures(conversation);

    expect(foldOf(conversation, marks, "all").order).toHaveLength(80);
    const found = foldOf(conversation, marks, new Set());
    for (const index of found.order) {
      const parent = conversation.parents[index] ?? NONE;
      if (parent !== NONE) expect(found.shown[parent]).toBe(1);
    }
  });

  it.each([["order.4711.created", "order.*.created"], ["6fa459ea-ee8a-3ca4-894e-db77e160355e", "*"], ["decade", "decade"], ["0af7651916cd43dd8448eb211c80319c", "*"]])(
    "takes numbers and ids out of %s", (key, pattern) => expect(patternOf(key)).toBe(pattern),
  );
});
