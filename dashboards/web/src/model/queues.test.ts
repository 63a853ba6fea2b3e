import { expect, test } from "vitest";
import { argumentsSaid, believedSaid, problemSaid, urgency } from "./queues";

test("arguments and policies are said in words, whichever way they are written", () => {
  expect(argumentsSaid({ "x-message-ttl": 200, "max-length": 1 })).toEqual([
    { name: "max-length", said: "holds at most 1 message" },
    { name: "x-message-ttl", said: "a message is dropped or dead-lettered after 200 ms" },
  ]);
  expect(argumentsSaid({ "x-dead-letter-exchange": "" })[0]?.said).toBe("what dies goes to exchange (default)");
});

test("an argument that is not known is shown with its value, as harmless text", () => {
  expect(argumentsSaid({ "x-odd\u0000": { a: 1 } })).toEqual([{ name: "x-odd\\u{0}", said: '{"a":1}' }]);
});

test("a queue with a problem is more urgent than any without", () => {
  const problem = { kind: "no-consumer" as const, why: "", since: "" };
  expect(urgency({ problem, waiting: 1 })).toBeGreaterThan(urgency({ problem: null, waiting: 1_000_000 }));
  expect([problemSaid(problem), problemSaid(null)]).toEqual(["no consumer", ""]);
});

test("why a copy is believed to be in a queue is always said", () => {
  expect(believedSaid({ cause: null, returned: false, state: "waiting" })).toBe("routed to it, and no delivery or death seen");
  expect(believedSaid({ cause: "x", returned: true, state: "waiting" })).toBe("x; it came back when its channel closed");
});
