import { expect, test } from "vitest";
import { node } from "./made-graph";
import { messagesAt, messagesOf } from "./messages-of";

test("the messages of an edge are asked for by its ends", () => {
  const [web, orders, bills] = [node("service:web app"), node("exchange:/:orders"), node("queue:/:bills")];
  expect(messagesOf({ kind: "publish" }, web, orders)).toBe('publisher.service:"web app" AND exchange:orders AND vhost:"/"');
  expect(messagesOf({ kind: "binding" }, orders, bills)).toBe('exchange:orders AND queue:bills AND vhost:"/"');
  expect(messagesOf({ kind: "deliver" }, bills, web)).toBe('copies.queue:bills AND copies.attempts.consumer.service:"web app" AND vhost:"/"');
  expect(messagesOf({ kind: "dead-letter" }, bills, orders, true)).toBe('copies.queue:bills AND copies.dead_letter.exchange:orders AND vhost:"/" AND (state:(dead-lettered OR unroutable OR redelivered))');
  expect(messagesOf({ kind: "publish" }, web, node("exchange:/:"))).toBe('publisher.service:"web app" AND exchange:"" AND vhost:"/"');
});

test("a name that is no text has no query", () => {
  expect(messagesOf({ kind: "binding" }, node("exchange:/:x", { name: { b64: "/w==" } }), node("queue:/:q"))).toBeNull();
  expect(messagesAt(node("queue:/:q", { name: { b64: "/w==" } }))).toBeNull();
  expect(messagesAt(node("service:web"))).toBe("service:web");
});
