import { describe, expect, test } from "vitest";
import { rangeAt, rangeSaid, timeSaid, timeTyped } from "./range";

describe("the range of time", () => {
  test.each([
    ["now-1h", "now-1h"], ["now - 5 m", "now-5m"], ["now", "now"],
    ["2026-01-02", "2026-01-02T00:00:00Z"], ["2026-01-02 03:04", "2026-01-02T03:04:00Z"],
    ["2026-01-02T03:04:05.123456789", "2026-01-02T03:04:05.123456789Z"],
  ])("%j typed is %s", (typed, time) => expect(timeTyped(typed, "utc")).toBe(time));

  test.each(["", "yesterday", "2026-13-02", "10:00", "now-1y"])("%j is no time", (typed) => expect(timeTyped(typed, "utc")).toBeNull());

  test("a time typed in the browser's zone is that moment", () => {
    const time = timeTyped("2026-01-02 03:04:05.5", "local") ?? "";
    expect(Date.parse(time)).toBe(new Date("2026-01-02T03:04:05.500").getTime());
  });

  test("a range is said in words", () => {
    expect(rangeSaid(undefined, undefined, "utc")).toBe("all that is kept");
    expect(rangeSaid("now-1h", undefined, "utc")).toBe("last hour");
    expect(rangeSaid("2026-01-02T03:04:05Z", "2026-01-02T04:00:00.5Z", "utc")).toBe("2026-01-02 03:04:05 – 04:00:00.500");
    expect(rangeSaid(undefined, "now-2h", "utc")).toBe("until now-2h");
  });

  test("what is no time is said as it is", () => expect(timeSaid("soon", "utc")).toBe("soon"));

  test("as of a time a range is what it was then, and ends then", () => {
    const at = "2026-01-02T10:00:00Z";
    const earlier = "2026-01-02T09:00:00Z";
    expect(rangeAt({ since: "now-1h" }, at)).toEqual({ since: "2026-01-02T09:00:00.000Z", until: at });
    expect(rangeAt({ since: earlier, until: "2026-01-03T00:00:00Z" }, at)).toEqual({ since: earlier, until: at });
    expect(rangeAt({ until: earlier }, at)).toEqual({ since: undefined, until: earlier });
    expect(rangeAt({ until: "now-30m" }, at).until).toBe("2026-01-02T09:30:00.000Z");
    expect(rangeAt({ since: "now-1h", until: "now" }, undefined)).toEqual({ since: "now-1h", until: "now" });
    expect(rangeAt({ since: "now-1h" }, "soon")).toEqual({ since: "now-1h", until: "soon" });
  });
});
