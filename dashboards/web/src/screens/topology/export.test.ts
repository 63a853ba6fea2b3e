// @vitest-environment jsdom
import { expect, test } from "vitest";
import { edge, node, SHOP } from "@/model/made-graph";
import { dotQuoted, fitted, toDot, toSvg, xml } from "./export";
import { folded } from "./fold";
import { layout } from "./layout";

const PALETTE = { page: "#fff", text: "#111", quiet: "#666", line: "#aaa", edge: "#aaa", failing: "#b00" };

function picture(graph = SHOP) {
  const shown = folded(graph, new Set());
  return { laid: layout(shown), ...shown, declaredKnown: true };
}

const EVIL = '<script>alert("1")</script>&\u0000';
const evil = { nodes: [node("service:web"), node("exchange:/:x", { name: EVIL })], edges: [edge("service:web", "exchange:/:x", "publish")] };

test("the SVG is well-formed whatever the names are, and holds no element of theirs", () => {
  const read = new DOMParser().parseFromString(toSvg(picture(evil), PALETTE), "image/svg+xml");
  expect(read.querySelector("parsererror")).toBeNull();
  expect(read.querySelector("script")).toBeNull();
  expect([...read.querySelectorAll("title")].map((each) => each.textContent)).toContain('<script>alert("1")</script>&\\u{0}');
});

test("the SVG holds each node and each edge that is shown", () => {
  const drawn = picture();
  const read = new DOMParser().parseFromString(toSvg(drawn, PALETTE), "image/svg+xml");
  expect(read.querySelectorAll("title")).toHaveLength(drawn.laid.items.length);
  expect(read.querySelectorAll("path").length).toBeGreaterThanOrEqual(drawn.laid.lines.length);
});

test("what is not used is dashed in both exports, and what fails is marked", () => {
  expect(toSvg(picture(), PALETTE)).toContain('stroke-dasharray="6 4"');
  expect(toDot(picture())).toContain("style=dashed");
  expect(toDot(picture())).toContain("color=red");
});

test("the DOT graph names each item and each edge once", () => {
  const drawn = picture();
  const dot = toDot(drawn);
  expect(dot.match(/shape=/g)).toHaveLength(drawn.laid.items.length);
  expect(dot.match(/ -> /g)).toHaveLength(drawn.laid.lines.length);
  expect(dot.startsWith("digraph hoptrail {")).toBe(true);
});

test("quotes, backslashes and line ends in names cannot leave a string of DOT", () => {
  expect(dotQuoted('a"b\\n\nc')).toBe('"a\\"b\\\\n\\nc"');
});

test("what XML cannot hold is replaced", () => {
  expect(xml("a\u0000b<\ud800")).toBe("a\ufffdb&lt;\ufffd");
});

test("a long name is cut in its middle, so that its end stays readable", () => {
  expect(fitted("orders.eu.payments.retry.30s", 100)).toBe("orders.…try.30s");
  expect(fitted("short", 100)).toBe("short");
});
