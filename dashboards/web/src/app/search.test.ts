import { describe, expect, test } from "vitest";
import { kept, oneOf, parseSearch, stringifySearch, wholeOf } from "./search";

describe("search parameters", () => {
  test.each([{ q: "123" }, { q: 'queue:"a b" AND x:>1' }, { q: "ü&=?#+ %" }])("%j comes back from an address", (search) => {
    expect(parseSearch(stringifySearch(search))).toEqual(search);
  });

  test("what is not set does not stand in the address", () => {
    expect(stringifySearch({ a: undefined, b: "", c: false, d: null })).toBe("");
    expect(stringifySearch({ live: true })).toBe("?live=1");
  });

  test("only what all pages keep is kept", () => {
    expect(kept({ since: "now-1h", q: "x", at: "" })).toEqual({ since: "now-1h" });
  });

  test("what is not allowed counts as absent", () => {
    expect(oneOf({ view: "evil" }, "view", ["list", "graph"])).toBeUndefined();
    expect(wholeOf({ hops: "9" }, "hops", 0, 5)).toBeUndefined();
    expect(wholeOf({ hops: "3" }, "hops", 0, 5)).toBe(3);
  });
});
