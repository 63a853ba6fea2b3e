import { expect, test } from "vitest";
import { alike } from "./alike";
import { message } from "./made";

const one = (id: number, tenant: string, more: object = {}) =>
  message([], { correlation_id: `c-${id}`, headers: { tenant }, body: { size: 9, truncated: false, encoding: "json", left_out: null, value: { id, kind: "order", lines: [1, 2], ...more } } });

test("what all messages have is told once, with a query for it", () => {
  const { of, same } = alike([one(1, "acme"), one(2, "acme"), one(3, "blue")]);
  expect(of).toBe(3);
  expect(same).toContainEqual({ what: "body.kind", value: "order", query: "body.kind:order" });
  expect(same).toContainEqual({ what: "publisher.service", value: "image-uploader", query: "publisher.service:image-uploader" });
});

test("in what they differ is counted, the most frequent first", () => {
  const { differs } = alike([one(1, "blue"), one(2, "acme"), one(3, "acme")]);
  expect(differs).toContainEqual({
    what: "header.tenant", more: 0, missing: 0,
    values: [{ value: "acme", count: 2, query: "header.tenant:acme" }, { value: "blue", count: 1, query: "header.tenant:blue" }],
  });
});

test("what every message has of its own is only named", () => {
  expect(alike([one(1, "a"), one(2, "a"), one(3, "a")]).each).toEqual(["correlation_id", "body.id"]);
});

test("a field that only some have differs, with how many have none", () => {
  const { differs } = alike([one(1, "a", { retry: true }), one(2, "a"), one(3, "a")]);
  expect(differs.find((each) => each.what === "body.retry")).toMatchObject({ missing: 2, values: [{ value: "true", count: 1 }] });
});

test("lists are compared by their length, and deaths not at all", () => {
  const dead = { ...one(1, "a"), headers: { "x-death": [{ queue: "work" }], "x-first-death-queue": "work" } };
  const { same } = alike([dead]);
  expect(same.map((each) => each.what)).toContain("body.lines items");
  expect(same.some((each) => each.what.includes("death"))).toBe(false);
});

test("a value too long to show cannot be asked for", () => {
  const { same } = alike([message([], { error: "x".repeat(500) })]);
  expect(same.find((each) => each.what === "error")).toMatchObject({ query: null, value: `${"x".repeat(120)}…` });
});
