import { describe, expect, it } from "vitest";
import { fromMs } from "@/model/time";
import { factsOf, nextOf, running } from "./facts";
import { haystacks, matching } from "./find";
import { foldOf, signatures } from "./fold";
import { gapsWithin } from "./gaps";
import { copy, fanOut, generated, message, under } from "./generated";
import { drawnOf, NODES_MAX } from "./graph";
import { conversationOf, NONE } from "./tree";
import { barsOf, criticalPath } from "./waterfall";
import { linkWords, routeOf } from "./words";

const START = Date.UTC(2026, 0, 2, 3, 4, 5);
const chain = [
  message(1, { ms: 0, copies: [copy("a", 0, "worker", 30)] }),
  message(2, { ms: 40, publisher: "worker", parent: under(1), copies: [copy("b", 40, "last", 5)] }),
  message(3, { ms: 10, publisher: "other" }),
];

describe("the critical path", () => {
  it("is the chain of causes to the message that ended last, told as waiting and work", () => {
    const { chain: found, waited, worked, rest, all } = criticalPath(conversationOf(chain));

    expect(found).toEqual([0, 2]);
    expect([waited, worked, rest, all]).toEqual([35, 14, 0, 49]);
  });

  it.each(Array.from({ length: 30 }, (_, seed) => seed))("adds up, and is a chain of causes (seed %i)", (seed) => {
    const conversation = conversationOf(generated(seed, 90));
    const path = criticalPath(conversation);

    expect(path.waited + path.worked).toBeGreaterThanOrEqual(0);
    path.chain.forEach((index, place) => expect(conversation.parents[index]).toBe(path.chain[place - 1] ?? NONE));
  });
});

describe("bars", () => {
  it("are open while a copy waits", () => {
    const [told] = conversationOf([message(1, { ms: 0, copies: [{ queue: "a", state: "waiting", enqueued_at: fromMs(START) }] })]).messages;

    expect(told && barsOf(told, START + 70)[0]?.parts).toEqual([{ kind: "wait", from: START, until: START + 70, open: true, consumer: null }]);
  });
});

describe("the facts of a conversation", () => {
  it("count what failed, and not the timers", () => {
    const timer = copy("delay", 0, null, 0, { attempts: [], dead_letter: { reason: "expired", timer: true } });
    const facts = factsOf(conversationOf([message(1, { copies: [timer] }), message(2, { state: "unroutable" }), message(3, { copies: [copy("a", 30, "x", 1, { dead_letter: { reason: "rejected" } })] })]));

    expect(facts.failures).toEqual([1, 2]);
    expect(facts.services).toEqual(["uploader", "x"]);
  });

  it("say that it probably still runs until nothing happened for longer than its pauses let expect", () => {
    const quick = factsOf(conversationOf(chain));
    const slow = factsOf(conversationOf([message(1, { ms: 0 }), message(2, { ms: 20_000 })]));

    expect([running(quick, quick.ended + 4900), running(quick, quick.ended + 5100)]).toEqual([true, false]);
    expect([running(slow, slow.ended + 59_000), running(slow, slow.ended + 61_000)]).toEqual([true, false]);
  });

  it("lead from one failure to the next, and around", () => {
    expect([nextOf([3, 9], 3), nextOf([3, 9], 9), nextOf([3, 9], 3, true), nextOf([], 1)]).toEqual([9, 3, 9, -1]);
  });
});

describe("finding", () => {
  it("wants all words, in any of the names", () => {
    const { messages } = conversationOf(chain);

    expect([...matching(haystacks(messages), "WORKER uploaded")]).toEqual([0, 2]);
    expect(matching(haystacks(messages), "  ").size).toBe(0);
  });
});

describe("gaps", () => {
  const gap = { gap: "1", vhost: "/", node: "", why: "connection lost", since: fromMs(START + 10), until: null, estimated: -1 };

  it("count while they touch the conversation in one of its vhosts", () => {
    expect(gapsWithin([gap], ["/"], START, START + 20)).toHaveLength(1);
    expect(gapsWithin([gap], ["other"], START, START + 20)).toHaveLength(0);
    expect(gapsWithin([gap], ["/"], START, START + 5)).toHaveLength(0);
  });
});

describe("the graph", () => {
  it.each([[5, false], [2000, true]])("of %i branches is drawn folded only when it is large", (size, folded) => {
    const conversation = conversationOf(fanOut(size));
    const drawn = drawnOf(conversation, foldOf(conversation, signatures(conversation), new Set()));

    expect(drawn.folded).toBe(folded);
    expect(drawn.left).toBe(0);
  });

  it("says how many it leaves out, and keeps what is above each", () => {
    const conversation = conversationOf(fanOut(2000));
    const drawn = drawnOf(conversation, foldOf(conversation, signatures(conversation), "all"));

    expect(drawn.nodes.length + drawn.left).toBe(4001);
    expect(drawn.nodes.length).toBeLessThanOrEqual(NODES_MAX);
    expect(drawn.edges).toHaveLength(drawn.nodes.length - 1);
  });
});

describe("words", () => {
  it("tell the way of a message", () => {
    const [told] = conversationOf(chain).messages;

    expect(told && routeOf(told)).toBe("uploader → images · image.uploaded → a → worker");
  });

  it("say how sure a cause is", () => {
    expect(linkWords({ uid: "main-1", evidence: "same body", confidence: 0.7, rivals: 2 })).toBe("probably caused by main-1 (0.7, same body; 2 others may be it)");
  });
});
