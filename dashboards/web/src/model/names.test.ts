import { describe, expect, test } from "vitest";
import { exchangeName, fromParam, shown, toParam, toSegment } from "./names";

describe("names from the broker", () => {
  test.each(["orders", "a/b", "~b64~", "~~", "", "ü %2F"])("the text %j comes back from an address", (name) => {
    expect(fromParam(toParam(name))).toBe(name);
  });

  test("bytes that are no UTF-8 come back from an address and are sent as bytes", () => {
    const name = { b64: "//79" };
    expect(fromParam(toParam(name))).toEqual(name);
    expect(toSegment(toParam(name))).toBe("%FF%FE%FD");
  });

  test("a slash stays within its segment", () => {
    expect(toSegment(toParam("a/b"))).toBe("a%2Fb");
  });

  test("characters that hide or turn text are written out", () => {
    expect(shown("a\u202eb\u0000")).toBe("a\\u{202e}b\\u{0}");
  });

  test("the default exchange is called so", () => {
    expect(exchangeName("")).toBe("(default)");
  });
});
