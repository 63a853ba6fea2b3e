import { describe, expect, test } from "vitest";
import { all, inRange, is, quoted } from "./query";

describe("writing queries", () => {
  test.each([["orders", "orders"], ["a b", '"a b"'], ['say "x"', '"say \\"x\\""'], ["OR", '"OR"'], ["a:b", '"a:b"'], ["", '""'], ["dead-lettered", "dead-lettered"]])(
    "the value %j is written %s",
    (value, text) => expect(quoted(value)).toBe(text),
  );

  test("conditions are joined, alternatives in brackets, and empty ones left out", () => {
    expect(all("a:1 OR b:2", "", null, is("queue", "x y"))).toBe('(a:1 OR b:2) AND queue:"x y"');
    expect(all("(a OR b)", "c")).toBe("(a OR b) AND c");
    expect(all("(a) OR (b)", "c")).toBe("((a) OR (b)) AND c");
    expect(all("", "  ")).toBe("");
  });

  test("an open end of a range is a star", () => {
    expect(inRange("now-1h")).toBe("published_at:[now-1h TO *]");
    expect(inRange()).toBeNull();
  });
});
