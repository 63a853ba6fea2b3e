import { expect, test } from "vitest";
import { askedFor, contractOf, lasts, missingIn, type Plan, USUAL } from "./contract";

const plan = (more: Partial<Plan> = {}): Plan => ({
  digest: "0".repeat(32), action: "retry", selection: "group g", vhost: "/", target: "the queue each message died in", remove: "none", selected: 142, not_known: 0,
  messages: 137, routes: [{ queue: "orders.dead", exchange: "", routing_key: "orders", why: "it died there (rejected)", messages: 137 }], refused: [], unrestored: {}, changes: [], position: "9", ...more,
});
const options = { ...USUAL, ratePerS: 50 };

test("a dry run reads like a contract", () => {
  const made = contractOf(plan({ unrestored: { user_id: 2 }, refused: [{ why: "retention has removed its body", messages: 5, uids: ["main-1", "main-2"] }] }), options);
  expect(made.headline).toBe("137 messages to queue orders, at 50/s, about 3 s; 2 cannot be restored exactly; 5 left out");
  expect(made.does).toBe("Publish 137 messages to queue orders");
  expect(made.routes).toEqual([{ messages: 137, from: "orders.dead", to: "queue orders", why: "it died there (rejected)" }]);
  expect(made.refused[0]).toMatchObject({ messages: 5, more: 3 });
  expect(made.confirm).toBeNull();
});

test("of several properties that cannot be as they were the least number of messages is said", () => {
  expect(contractOf(plan({ unrestored: { user_id: 2, timestamp: 7 } }), options).headline).toContain("; at least 7 cannot be restored exactly");
});

test("more than one place is counted in the sentence and told in the routes", () => {
  const routes = [...plan().routes, { queue: "", exchange: "images", routing_key: "raw", why: "it was first published there", messages: 1 }];
  const made = contractOf(plan({ messages: 138, routes }), options);
  expect(made.does).toBe("Publish 138 messages to 2 places");
  expect(made.routes[1]).toMatchObject({ from: "the log", to: "exchange images with key raw" });
});

test("what takes messages off a queue says so on the button and has to be confirmed", () => {
  const made = contractOf(plan({ remove: "drain" }), options);
  expect(made.does).toBe("Publish 137 messages to queue orders, and take them off orders.dead");
  expect(made.confirm).toBe("Yes: 137 messages leave orders.dead for good.");
  expect(made.terms.join(" ")).toContain("All of orders.dead is gone through");
});

test("very many messages have to be confirmed even if nothing is removed", () => {
  expect(contractOf(plan({ messages: 5000 }), options).confirm).toBe("Yes: queue orders can take 5,000 messages now.");
});

test("a plan without messages says that nothing can be published", () => {
  expect(contractOf(plan({ messages: 0, routes: [] }), options)).toMatchObject({ headline: "Nothing of 142 selected can be published", confirm: null });
});

test("messages that are too old to be remembered are told", () => {
  expect(contractOf(plan({ not_known: 9 }), options).terms[0]).toBe("9 more of the group are too old to be remembered; select them by a query.");
});

test("how long it takes is rounded", () => {
  expect([lasts(10, 100), lasts(137, 50), lasts(20_000, 50)]).toEqual(["less than 1 s", "about 3 s", "about 6 min 40 s"]);
});

test("a chosen target with removal is a move", () => {
  expect(askedFor({ group: "g" }, { ...USUAL, target: "queue", queue: "later", remove: "drain" })).toEqual({
    group: "g", action: "move", target: { kind: "chosen", queue: "later", routing_key: "" }, remove: "drain", again: false,
  });
  expect(askedFor({ uids: ["main-1"] }, { ...USUAL, target: "named", named: "images", routingKey: "raw" })).toMatchObject({
    action: "retry", target: { kind: "chosen", exchange: "images", routing_key: "raw" },
  });
  expect(askedFor({ uids: ["main-1"] }, USUAL, { properties: {}, headers: {}, remove_headers: [] }).action).toBe("edit");
});

test("nothing is planned without a name for what was chosen, or with a pace that is none", () => {
  expect([missingIn(USUAL), missingIn({ ...USUAL, target: "queue" }), missingIn({ ...USUAL, target: "named" }), missingIn({ ...USUAL, ratePerS: 0 }), missingIn({ ...USUAL, batch: 1.5 })]).toEqual([
    null, "Name the queue.", "Name the exchange.", "The rate is above 0 and at most 50,000 messages per second.", "A batch has 1 to 1,000 messages.",
  ]);
});
