// The addresses of earlier versions are still understood.
import { expect, test } from "vitest";
import { fromHash } from "@/app/old-addresses";

test("an old address of a message or a trace names the page it has now", () => {
  expect(fromHash("#/messages/main-4711")).toBe("/messages/main-4711");
  expect(fromHash("#/traces/4bf9%2Fx")).toBe("/conversations/4bf9%2Fx");
});

test.each(["", "#/queues/orders", "#/messages/", "#/messages/a/b", "#/messages/a?b"])("the hash %j names nothing", (hash) => {
  expect(fromHash(hash)).toBeNull();
});
