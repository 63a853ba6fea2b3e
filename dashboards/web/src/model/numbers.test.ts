import { describe, expect, test } from "vitest";
import { bytes, ofPlural, ofTotal, percentOf, plural, rate, short, total } from "./numbers";

describe("numbers", () => {
  test.each([[0.0512, "0.0512"], [3.44, "3.44"], [120.4, "120"], [1234, "1,234"], [12_345, "12.3k"], [4_510_000, "4.51M"]])(
    "%d is short as %s",
    (value, text) => expect(short(value)).toBe(text),
  );

  test.each([[812, "812 B"], [3400, "3.4 KB"], [12_000_000, "12 MB"], [2_500_000_000, "2.5 GB"]])("%d bytes are %s", (value, text) =>
    expect(bytes(value)).toBe(text),
  );

  test("a total says what it rests on", () => {
    expect(total(10_000, "at_least")).toBe("at least 10,000");
    expect(ofTotal(500, 3214, "exact")).toBe("500 of 3,214");
    expect(ofTotal(3, 3, "exact")).toBe("3");
    expect(ofTotal(500, 500, "at_least")).toBe("500 of at least 500");
  });

  test("what is not all is never told as 100 %, and what is something never as 0", () => {
    expect([1, 0.999_999, 0.5, 0.000_001, 0].map((share) => percentOf(share, 2))).toEqual(["100.00 %", "99.99 %", "50.00 %", "0.01 %", "0.00 %"]);
    expect([0.999, 0.001].map((share) => percentOf(share))).toEqual(["99 %", "1 %"]);
  });

  test("a rate that is not known is a dash", () => {
    expect(rate(null)).toBe("–");
    expect(rate(0)).toBe("0/s");
  });

  test("one is told apart from many", () => {
    expect(plural(1, "copy", "copies")).toBe("1 copy");
    expect(plural(1200, "message")).toBe("1,200 messages");
    expect([ofPlural(1, 1, "exact", "fact"), ofPlural(1, 2, "exact", "fact"), ofPlural(1, 1, "at_least", "entry", "entries")]).toEqual(["1 fact", "1 of 2 facts", "1 of at least 1 entries"]);
  });
});
