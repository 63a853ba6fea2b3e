import { describe, expect, it } from "vitest";
import { copy, generated, message, randomOf, under } from "./generated";
import { conversationOf, NONE, timesOf, walk } from "./tree";

const seeds = Array.from({ length: 40 }, (_, seed) => seed);

describe("the tree of a conversation", () => {
  it.each(seeds)("names every message once, each below its parent, whatever the links say (seed %i)", (seed) => {
    const conversation = conversationOf(generated(seed, 120));
    const order = walk(conversation.roots, (index) => conversation.children[index] ?? []);

    expect(order.toSorted((one, other) => one - other)).toEqual(conversation.messages.map((_, index) => index));
    const places = new Map(order.map((index, place) => [index, place]));
    conversation.parents.forEach((parent, index) => {
      if (parent !== NONE) expect(places.get(parent)).toBeLessThan(places.get(index) ?? -1);
    });
  });

  it.each(seeds.slice(0, 10))("does not depend on the order in which the messages were told (seed %i)", (seed) => {
    const items = generated(seed, 60);
    const random = randomOf(seed + 1);
    const mixed = items.map((item) => [random(), item] as const).toSorted(([one], [other]) => one - other).map(([, item]) => item);

    expect(conversationOf(mixed)).toEqual(conversationOf(items));
  });

  it("takes a message whose parent is not there for a root, and says so", () => {
    const found = conversationOf([message(1, { parent: under(99) }), message(2, { parent: under(1) })]);

    expect([found.roots, found.orphans]).toEqual([[0], 1]);
  });

  it("cuts a circle at its first message", () => {
    const found = conversationOf([message(1, { parent: under(3) }), message(2, { parent: under(1) }), message(3, { parent: under(2) }), message(4, { parent: under(4) })]);

    expect(found.roots).toEqual([0, 3]);
    expect([...found.parents]).toEqual([NONE, 0, 1, NONE]);
  });

  it("ends with the last work that is known of, not with the last publish", () => {
    const found = conversationOf([message(1, { ms: 0, copies: [copy("work", 0, "worker", 500)] }), message(2, { ms: 10 })]);

    expect(found.ended - found.started).toBe(504);
  });

  it("knows from when to when a message and all it caused lasted", () => {
    const found = conversationOf([message(1, { ms: 0 }), message(2, { ms: 10, parent: under(1), copies: [copy("a", 10, "x", 5)] }), message(3, { ms: 12, parent: under(2) })]);

    expect(timesOf(found, 1).map((time) => time - found.started)).toEqual([10, 19]);
  });

  it("follows a chain of 10,000 messages to its end", () => {
    const found = conversationOf(Array.from({ length: 10_000 }, (_, number) => message(number, number ? { parent: under(number - 1) } : {})));

    expect(found.depths[9999]).toBe(9999);
  });
});
