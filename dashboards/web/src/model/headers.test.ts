import { expect, test } from "vitest";
import { deathsIn, headerRows } from "./headers";

test("each value keeps the type that its sender gave it", () => {
  const rows = headerRows({ a: "x", b: 7, c: 1.5, d: true, e: null, f: { b64: "AP8=" }, g: { timestamp: 0 }, h: { decimal: "0.05" }, i: [1, 2], j: { k: 1 } });
  expect(rows.map((row) => [row.name, row.type, row.text])).toEqual([
    ["a", "text", "x"], ["b", "integer", "7"], ["c", "float", "1.5"], ["d", "boolean", "true"], ["e", "nothing", ""], ["f", "bytes", "AP8="],
    ["g", "time", "1970-01-01T00:00:00Z"], ["h", "decimal", "0.05"], ["i", "list", "2"], ["j", "table", "1"],
  ]);
});

test("a number of which digits are lost is not told as if it had all", () => {
  expect(headerRows({ id: JSON.parse("1234567890123456789") as number })[0]?.text).toBe("about 1234567890123456800");
});

test("a value that must not enter the log is told as left out", () => {
  expect(headerRows({ authorization: "***" })).toMatchObject([{ redacted: true, text: "" }]);
});

test("characters that hide are written out", () => {
  expect(headerRows({ a: "x\u202e<b>" })[0]?.text).toBe("x\\u{202e}<b>");
});

test("the deaths that the broker wrote down become rows", () => {
  const headers = { "x-death": [{ queue: "work", reason: "rejected", count: 3, exchange: "images", "routing-keys": ["raw", "cc"], time: { timestamp: 60 }, "original-expiration": "5000" }] };
  expect(deathsIn(headers)).toEqual([{ queue: "work", reason: "rejected", times: 3, exchange: "images", keys: "raw, cc", at: "1970-01-01T00:01:00Z", expiration: "5000" }]);
});

test("what is no list of deaths has none", () => {
  expect([deathsIn(null), deathsIn({ "x-death": "rejected" }), deathsIn({ "x-death": [1, null] })]).toEqual([[], [], []]);
});
