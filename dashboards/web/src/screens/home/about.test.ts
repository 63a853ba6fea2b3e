import { describe, expect, test } from "vitest";
import { placeOf, worthTelling } from "./about";

const nodes = new Map(
  [
    { id: "queue:/:a:b", kind: "queue", vhost: "/", name: "a:b" },
    { id: "exchange:/:", kind: "exchange", vhost: "/", name: "" },
  ].map((node) => [node.id, node]),
);
const change = (kind: string, told: string) => ({ kind, told, about: [], at: "", position: null });
const at = (second: number) => new Date(Date.UTC(2026, 0, 2) - second * 1000).toISOString();
const left = (second: number, queue: string, from: string) => ({ kind: "consumer-stopped", told: `a consumer of ${queue} left, on ${from}`, about: [`queue:/:${queue}`, `connection:${from}`], at: at(second), position: null });
const bound = (kind: string, queue: string, key: string) => ({ kind, told: `${queue} ${kind} ${key}`, about: [`queue:/:${queue}`, "exchange:/:x"], at: at(0), position: null });

describe("what changed", () => {
  test("leads to the page of the first thing that has one", () => {
    expect(placeOf(["connection:x", "queue:/:a:b"], nodes)).toMatchObject({ to: "/queues/$vhost/$name", params: { vhost: "/", name: "a:b" } });
    expect(placeOf(["exchange:/:"], nodes)).toMatchObject({ to: "/exchanges/$vhost" });
    expect(placeOf(["user:x"], nodes)).toBeNull();
  });

  test("is told without what comes and goes with every restart, and repeats once", () => {
    const told = worthTelling([change("connection-opened", "c"), change("queue-created", "q"), change("queue-created", "q"), change("queue-deleted", "q"), change("node-stopped", "n")], 2);
    expect(told.map((each) => [each.change.kind, each.times])).toEqual([["queue-created", 2], ["queue-deleted", 1]]);
  });

  test("consumers that left one queue within a minute are one line, also with others between", () => {
    const told = worthTelling([left(0, "a", "1"), left(1, "b", "2"), left(2, "a", "3"), left(100, "a", "4")], 9, (id) => id.split(":").at(-1));
    expect(told.map((each) => each.said)).toEqual(["2 consumers of a left", "a consumer of b left, on 2", "a consumer of a left, on 4"]);
  });

  test("bindings that went with their queue are not told beside it, others are told with their number", () => {
    const gone = { ...bound("queue-deleted", "a", ""), about: ["queue:/:a"] };
    const told = worthTelling([gone, bound("binding-deleted", "a", "k"), bound("binding-created", "b", "k"), bound("binding-created", "b", "l")], 9);
    expect(told.map((each) => each.said)).toEqual(["a queue-deleted ", "b binding-created k, and 1 more like it"]);
  });
});
