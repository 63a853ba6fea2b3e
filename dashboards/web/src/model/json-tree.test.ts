import { expect, test } from "vitest";
import { CHILDREN_MAX, holder, isRounded, LINES_MAX, linesOf, openAll, openAtFirst } from "./json-tree";

const value = { id: 7, name: "a\nb", tags: ["x", "y"], none: null, deep: { ok: true } };

test("a folded value is one line that tells what is in it", () => {
  expect(linesOf(value, new Set())).toMatchObject([{ path: "", key: null, kind: "object", folds: true, open: false, text: '{id: 7, name: "a\\nb", tags: […], none: null, deep: {…}}' }]);
});

test("an open value has a line for each of its values, under their keys and paths", () => {
  const lines = linesOf(value, new Set(["", "/tags"]));
  expect(lines.map((line) => [line.path, line.depth, line.key, line.text])).toEqual([
    ["", 0, null, "5"], ["/id", 1, "id", "7"], ["/name", 1, "name", '"a\\nb"'], ["/tags", 1, "tags", "2"], ["/tags/0", 2, "0", '"x"'],
    ["/tags/1", 2, "1", '"y"'], ["/none", 1, "none", "null"], ["/deep", 1, "deep", "{ok: true}"],
  ]);
});

test("at first as much is open as fits a screen, from the outside in", () => {
  expect(openAtFirst(value)).toEqual(new Set(["", "/tags", "/deep"]));
  expect(openAtFirst({ few: [1], many: Array.from({ length: 100 }, () => 1) })).toEqual(new Set(["", "/few"]));
});

test("of many values the first are shown, and how many more there are", () => {
  const many = Array.from({ length: CHILDREN_MAX + 3 }, (_, at) => at);
  expect(linesOf(many, new Set([""])).at(-1)).toMatchObject({ more: 3 });
  expect(linesOf(many, new Set([""]), new Set([""]))).toHaveLength(CHILDREN_MAX + 4);
});

test("a tree never has more lines than are bearable", () => {
  const wide = Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => 0));
  expect(linesOf(wide, openAll(wide)).length).toBeLessThanOrEqual(LINES_MAX + 100);
});

test("a long text folds, and is whole when it is open", () => {
  const long = "x".repeat(1000);
  expect(linesOf({ long }, new Set([""]))[1]).toMatchObject({ folds: true, open: false, text: `"${"x".repeat(159)}…` });
  expect(linesOf({ long }, new Set(["", "/long"]))[1]?.text).toBe(`"${long}"`);
});

test("a key with a slash stays one step of the path", () => {
  const [, line] = linesOf({ "a/b": 1 }, new Set([""]));
  expect([line?.path, holder(line?.path ?? ""), holder("")]).toEqual(["/a~1b", "", null]);
});

test("a number of which digits are lost is known as such, however deep", () => {
  expect(isRounded(JSON.parse('{"orders": [{"id": 1234567890123456789}]}'))).toBe(true);
  expect(isRounded({ id: 9_007_199_254_740_991, share: 0.1, name: "12345678901234567890", none: null })).toBe(false);
});
