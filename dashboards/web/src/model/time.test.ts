import { describe, expect, test } from "vitest";
import { ago, fromMs, parts, span, toMs } from "./time";

describe("times", () => {
  test("a time keeps the digits that were told", () => {
    expect(parts("2026-01-02T03:04:05.123456789Z", "utc", 9)).toEqual({ date: "2026-01-02", clock: "03:04:05.123456789" });
    expect(parts("2026-01-02T03:04:05Z", "utc", 3).clock).toBe("03:04:05.000");
  });

  test("a time becomes milliseconds and back", () => {
    expect(fromMs(toMs("2026-01-02T03:04:05.123000000Z"))).toBe("2026-01-02T03:04:05.123Z");
  });

  test("what is no time is shown as it is", () => {
    expect(parts("never", "utc").clock).toBe("never");
    expect(toMs("never")).toBeNaN();
  });

  test.each([
    [0.4, "0.4 ms"], [12.4, "12 ms"], [1530, "1.53 s"], [60_000, "1 min"], [250_000, "4 min 10 s"],
    [11_100_000, "3 h 5 min"], [187_200_000, "2 d 4 h"], [-5, "−5 ms"],
  ])("%d ms are shown as %s", (ms, text) => {
    expect(span(ms)).toBe(text);
  });

  test.each([[5_000, "5 s"], [180_000, "3 min"], [7_200_000, "2 h"], [259_200_000, "3 d"]])("%d ms ago is %s", (ms, text) => {
    expect(ago(0, ms)).toBe(text);
  });
});
