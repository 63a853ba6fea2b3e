import { expect, test } from "vitest";
import { edgeSaid, edgeUse, edgeVerb, failing, failuresSaid, figuresSaid, knowsDeclared, nodeUse, percent } from "./edges";
import { byId } from "./graph";
import { edge, node, SHOP } from "./made-graph";

const quiet = edge("a", "b", "deliver", { rate_per_s: 0, failures: 3, failures_per_s: 0, deliveries: 30 });
const moving = edge("a", "b", "publish", { rate_per_s: 5, failures: 10, failures_per_s: 1 });

test("what is declared and was not seen is unused, and what was seen and is not declared is gone", () => {
  expect(edgeUse(edge("a", "b", "binding", { observed: false }), true)).toBe("unused");
  expect(edgeUse(edge("a", "b", "binding", { declared: false }), true)).toBe("gone");
  expect(nodeUse(node("queue:/:q", { declared: false }), true)).toBe("gone");
});

test("publishing is declared by nobody, so an edge of publishing is never gone; nor is anything while nothing declared is known", () => {
  expect(edgeUse(edge("a", "b", "publish", { declared: false }), true)).toBe("used");
  expect(edgeUse(edge("a", "b", "binding", { declared: false }), false)).toBe("used");
  expect(knowsDeclared({ nodes: [node("service:a")], edges: [] })).toBe(false);
});

test("the share that fails is of the last minute, or of all when that was quiet", () => {
  expect(failing(moving)).toEqual({ share: 0.2, now: true });
  expect(failing(quiet)).toEqual({ share: 0.1, now: false });
  expect(failing(edge("a", "b", "binding"))).toBeNull();
  expect(failing(edge("a", "b", "publish", { rate_per_s: 0.1, failures: 9, failures_per_s: 2 }))?.share).toBe(1);
});

test("failures are told with the share of what is moving now, or of all; where none are counted nothing is told", () => {
  expect([moving, quiet, edge("a", "b", "binding")].map(failuresSaid)).toEqual(["10, 20 % now", "3, 10 % of all", ""]);
  expect(failuresSaid({ ...moving, failures_per_s: 0 })).toBe("10");
});

test("shares are in percent with two digits", () => {
  expect([0, 0.004, 0.123, 0.997, 1].map(percent)).toEqual(["0 %", "0.4 %", "12 %", "99 %", "100 %"]);
});

test("an edge is said in words with its figures", () => {
  const [first] = SHOP.edges;
  expect(first && edgeSaid(first, byId(SHOP.nodes))).toBe("web publishes to orders");
  expect(first && figuresSaid(first, true)).toBe("5/s in the last minute, 100 messages in all, failed 10, 20 % now");
  expect(figuresSaid(edge("a", "b", "binding", { observed: false }), true)).toBe("declared, not used");
});

test("what an edge does is one verb for each kind, with the reason of dead letters", () => {
  expect(["publish", "binding", "deliver", "exchange-binding", "alternate"].map((kind) => edgeVerb({ kind, reason: null }))).toEqual(["publishes to", "routes to", "delivers to", "routes to", "hands what it cannot route to"]);
  expect(edgeVerb({ kind: "dead-letter", reason: "rejected" })).toBe("dead-letters to (rejected)");
});
