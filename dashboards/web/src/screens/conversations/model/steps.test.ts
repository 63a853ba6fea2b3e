import { describe, expect, it } from "vitest";
import { fromMs } from "@/model/time";
import { foldOf, signatures } from "./fold";
import { copy, fanOut, generated, message } from "./generated";
import type { LightMessage } from "./light";
import { lifelinesOf } from "./lifelines";
import { spansOf, touching, union } from "./spans";
import { stepsOf, wentOnAs, wentOnTo } from "./steps";
import { conversationOf } from "./tree";
import { stepWords } from "./words";

const START = Date.UTC(2026, 0, 2, 3, 4, 5);
const steps = (items: LightMessage[], merge = true) => {
  const conversation = conversationOf(items);
  return { conversation, steps: stepsOf(conversation, foldOf(conversation, signatures(conversation), "all"), merge) };
};
const kinds = (items: LightMessage[]) => steps(items).steps.map((step) => `${step.kind} ${step.index}`);
const dead: LightMessage = message(1, {
  ms: 0, state: "dead-lettered", copies: [
    copy("work", 0, "worker", 5, { state: "dead-lettered", dead_letter: { reason: "rejected", at: fromMs(START + 20) } }),
    { queue: "failed", state: "waiting", origin: "dead-letter", enqueued_at: fromMs(START + 20) },
  ],
});

describe("the steps of a conversation", () => {
  it("tell a message that was delivered at once in one step", () => {
    expect(kinds([message(1, { ms: 0, copies: [copy("a", 0, "x", 5), copy("b", 0, "y", 7)] }), message(2, { ms: 20 })])).toEqual(["sent 0", "sent 1"]);
  });

  it("tell a delivery in a step of its own when something came between", () => {
    expect(kinds([message(1, { ms: 0, copies: [copy("a", 0, "x", 50)] }), message(2, { ms: 20 })])).toEqual(["sent 0", "sent 1", "delivered 0"]);
  });

  it("tell each attempt, and how it died", () => {
    const twice = copy("a", 0, "x", 1, { attempts: [{ delivered_at: fromMs(START + 1), consumer: "x" }, { delivered_at: fromMs(START + 9), consumer: "x", redelivered: true }], dead_letter: { reason: "rejected" } });

    expect(kinds([message(1, { ms: 0, copies: [twice] })])).toEqual(["sent 0", "delivered 0", "died 0"]);
  });

  it("tell where a dead message went on", () => {
    const found = steps([dead]);
    const said = found.conversation.messages[0];

    expect(said && wentOnAs(said, 0).map((each) => each.queue)).toEqual(["failed"]);
    expect(said && found.steps.map((step) => stepWords(said, step))).toEqual([
      "uploader sent main-1 to images · image.uploaded; worker got it from work after 5 ms",
      "main-1 rejected by worker in work, on to failed",
    ]);
  });

  it("tell where a dead message was routed on, though it is elsewhere by now", () => {
    const retried = message(1, {
      ms: 0, copies: [
        copy("work", 0, "worker", 5, { dead_letter: { reason: "rejected", at: fromMs(START + 20), to_queues: ["retry"] } }),
        { queue: "retry", state: "dead-lettered", origin: "dead-letter", enqueued_at: fromMs(START + 20), dead_letter: { reason: "expired", at: fromMs(START + 41), timer: true, to_queues: ["work"] } },
        { queue: "work", state: "dead-lettered", origin: "dead-letter", enqueued_at: fromMs(START + 40), dead_letter: { reason: "rejected", at: fromMs(START + 60), to_queues: ["retry"] } },
        { queue: "retry", state: "waiting", origin: "dead-letter", enqueued_at: fromMs(START + 60) },
      ],
    });
    const said = steps([retried]).conversation.messages[0];

    expect(said && [0, 1, 2].map((place) => wentOnTo(said, place))).toEqual([["retry"], ["work"], ["retry"]]);
  });

  it.each(Array.from({ length: 30 }, (_, seed) => seed))("tell everything once, in time (seed %i)", (seed) => {
    const { conversation, steps: found } = steps(generated(seed, 100));
    const times = found.map((step) => step.at);

    expect(times).toEqual(times.toSorted((one, other) => one - other));
    expect(found.filter((step) => step.kind === "sent")).toHaveLength(100);
    const told = found.reduce((sum, step) => sum + (step.kind === "delivered" ? 1 : step.kind === "sent" ? step.received.length : 0), 0);
    expect(told).toBe(conversation.messages.flatMap((each) => each.copies).flatMap((each) => each.attempts).length);
  });

  it("of 10,000 messages are all there", () => {
    expect(steps(fanOut(5000), false).steps).toHaveLength(20_002);
  });
});

describe("lifelines", () => {
  it("stand in the order in which they first appear", () => {
    const { messages } = conversationOf([message(2, { ms: 30, publisher: "late" }), dead]);

    expect(lifelinesOf(messages, false).all.map((each) => each.name)).toEqual(["uploader", "worker", "late"]);
    expect(lifelinesOf(messages, true).all.map((each) => each.name)).toEqual(["uploader", "work", "worker", "failed", "late"]);
  });

  it("keep the service that is not known apart from all that are", () => {
    const lifelines = lifelinesOf(conversationOf([message(1, { publisher: null }), message(2, { publisher: "?" })]).messages, false);

    expect([lifelines.ofService(null), lifelines.ofService("?"), lifelines.ofService("other")]).toEqual([0, 1, -1]);
  });

  it("tell when their service was at work, and when something waited for it", () => {
    const conversation = conversationOf([message(1, { ms: 0, copies: [copy("a", 0, "x", 5)] }), message(2, { ms: 2, copies: [copy("a", 2, "x", 5)] })]);
    const { work, wait } = spansOf(conversation.messages, lifelinesOf(conversation.messages, false), conversation.ended);

    expect(work[1]).toEqual([[START + 5, START + 11]]);
    expect(wait[1]).toEqual([[START, START + 7]]);
  });

  it("find the spans that touch a time", () => {
    const spans = union([[0, 2], [1, 3], [10, 12], [20, 21]]);

    expect(spans).toEqual([[0, 3], [10, 12], [20, 21]]);
    expect(touching(spans, 3, 10)).toEqual([[0, 3], [10, 12]]);
    expect(touching(spans, 13, 19)).toEqual([]);
  });
});
