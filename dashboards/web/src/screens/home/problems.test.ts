import { describe, expect, test } from "vitest";
import { problems, type Seen } from "./problems";

const now = Date.parse("2026-01-02T12:00:00Z");
const nothing: Seen = { groups: [], queues: [], gaps: [], lost: null, unroutable: { total: 0, total_is: "exact", newest: null } };
const group = { id: "g", queue: "orders", reason: "rejected", service: "billing", error: "card declined", messages: 9, last_seen: "2026-01-02T11:00:00Z", timer: false, states: { open: 3, archived: 6 } };

describe("what is wrong", () => {
  test("nothing is, when nothing was seen", () => expect(problems(nothing, now)).toEqual([]));

  test("open dead letters of the last day are, with why they died", () => {
    expect(problems({ ...nothing, groups: [group] }, now)).toMatchObject([{ what: "3 open dead letters from orders", detail: "rejected · card declined · consumer billing", params: { groupId: "g" } }]);
  });

  test.each([{ timer: true }, { last_seen: "2026-01-01T11:00:00Z" }, { states: { archived: 9, "resolved-by-itself": 1 } }])("dead letters like %j are not", (more) => {
    expect(problems({ ...nothing, groups: [{ ...group, ...more }] }, now)).toEqual([]);
  });

  test("a gap that is open goes before all", () => {
    const gaps = [{ vhost: "", node: "", why: "the broker stopped", since: "2026-01-02T10:00:00Z", until: null }];
    expect(problems({ ...nothing, groups: [group], gaps }, now).map((each) => each.shade)).toEqual(["not-captured", "dead-lettered"]);
  });

  test("that nothing is captured goes before a gap that is open", () => {
    const gaps = [{ vhost: "", node: "", why: "the broker stopped", since: "2026-01-02T10:00:00Z", until: null }];
    const lost = { since: "2026-01-02T09:00:00Z", why: "the broker is away" };
    expect(problems({ ...nothing, gaps, lost }, now).map((each) => each.what)).toEqual(["Nothing is captured now", "Not captured everywhere, still"]);
  });

  test("a queue that the server calls stuck is, with its reason", () => {
    const queue = { vhost: "/", name: "orders", waiting: 1200, oldest_at: "2026-01-02T09:00:00Z", problem: { why: "no consumer", since: null } };
    expect(problems({ ...nothing, queues: [queue, { ...queue, problem: null }] }, now)).toMatchObject([{ what: "1,200 waiting in orders", detail: "no consumer", at: "2026-01-02T09:00:00Z" }]);
    const undated = { ...queue, name: "late", oldest_at: null };
    expect(problems({ ...nothing, queues: [undated, queue] }, now).map((each) => each.at)).toEqual(["2026-01-02T09:00:00Z", null]);
  });

  test("unroutable messages are, with what their number rests on", () => {
    const unroutable = { total: 10_000, total_is: "at_least" as const, newest: "2026-01-02T09:00:00Z" };
    expect(problems({ ...nothing, unroutable }, now)[0]?.what).toBe("at least 10,000 messages reached no queue");
  });
});
