import { expect, test } from "vitest";
import { fatesOf, type Group, open, timersSaid, trend, unfollowedSaid, wentTo, whyOf, worklist } from "./deaths";

const group = (id: string, more: Partial<Group> = {}): Group => ({
  id, queue: "orders", reason: "rejected", exchange: "dlx", routing_key: "", to_queues: ["orders.dead"], type: "order", service: "Billing", error: null, messages: 3, deaths: 3,
  timer: false, first_seen: "2026-01-02T08:00:00Z", last_seen: "2026-01-02T10:00:00Z", vhost: "/", services: ["Shop", "Billing"], trend: [], states: { open: 3 }, unfollowed: 0, note: null, note_by: null, note_at: null, ...more,
});
const ids = (groups: Group[]) => groups.map((each) => each.id);

test("groups with open messages come first, then the newest", () => {
  const done = group("done", { states: { archived: 3 }, last_seen: "2026-01-02T12:00:00Z" });
  const older = group("older", { last_seen: "2026-01-02T09:00:00Z" });
  expect(ids(worklist([done, older, group("newer")], {}))).toEqual(["newer", "older", "done"]);
});

test("what died again after a retry is open too", () => {
  expect(open(group("g", { states: { "retried-and-dead-again": 2, archived: 1 } }))).toBe(2);
});

test("timers are folded away, and counted", () => {
  const timer = group("timer", { timer: true, deaths: 1600 });
  expect(ids(worklist([timer, group("g")], {}))).toEqual(["g"]);
  expect(ids(worklist([timer], { timers: true }))).toEqual(["timer"]);
  expect([timersSaid([timer]), timersSaid([group("g")])]).toEqual(["1 group of expiries that serve as a delay (1,600 in all)", null]);
});

test("a worklist is narrowed by state, words, vhost and time", () => {
  const other = group("other", { queue: "mails", vhost: "prod", states: { archived: 1 }, error: "No such Mailbox" });
  const both = [group("g"), other];
  expect(ids(worklist(both, { state: "archived" }))).toEqual(["other"]);
  expect(ids(worklist(both, { q: "mailbox" }))).toEqual(["other"]);
  expect(ids(worklist(both, { vhost: "prod" }))).toEqual(["other"]);
  expect(ids(worklist(both, { since: Date.parse("2026-01-02T10:00:01Z") }))).toEqual([]);
  expect(ids(worklist(both, { until: Date.parse("2026-01-02T07:00:00Z") }))).toEqual([]);
});

test("the trend has a bar for every hour, also for those without deaths", () => {
  const told = [{ since: "2026-01-02T08:00:00.000000000Z", deaths: 5 }, { since: "2026-01-02T10:00:00.000000000Z", deaths: 2 }, { since: "2025-12-01T10:00:00.000000000Z", deaths: 9 }];
  expect(trend({ trend: told }, Date.parse("2026-01-02T10:30:00Z"), 4)).toEqual([0, 5, 0, 2]);
});

test("a group says what happened and where its messages went", () => {
  expect([whyOf(group("g")), wentTo(group("g", { routing_key: "late" }))]).toEqual(["rejected by Billing", "dlx:late → orders.dead"]);
  const expired = group("g", { reason: "expired", exchange: "", to_queues: [] });
  expect([whyOf(expired), wentTo(expired), whyOf(group("g", { reason: "odd" }))]).toEqual(["expired", "no queue", "odd"]);
});

test("what became of the messages is told in words", () => {
  expect(fatesOf(group("g", { states: { archived: 1, open: 1200 } })).map((each) => each.said)).toEqual(["1,200 open", "1 archived"]);
});

test("messages that died too long ago are told apart", () => {
  expect(unfollowedSaid(group("g"))).toBeNull();
  expect(unfollowedSaid(group("g", { unfollowed: 1200 }))).toBe("1,200 not followed any more");
});
