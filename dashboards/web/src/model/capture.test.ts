import { describe, expect, test } from "vitest";
import { captureSentence, completeUpTo, type Gap, gapsToday } from "./capture";

const now = Date.parse("2026-01-02T12:00:00Z");
const gap = (since: string, until: string | null, more: Partial<Gap> = {}): Gap => ({ vhost: "", node: "", why: "", since, until, ...more });
const fine = { running: true, caught_up: true, lag_s: 0, events: 5, vhosts: [{}, {}, {}], gaps: [], last_observed_at: "2026-01-02T11:59:00Z", lost: null };

describe("the sentence on capture", () => {
  test("says that all is well", () => expect(captureSentence(fine, now, "utc")).toEqual({ text: "capturing 3 vhosts, up to date, no gap today", bad: false }));

  test("says how far it is behind", () => expect(captureSentence({ ...fine, caught_up: false, lag_s: 0.4 }, now, "utc").text).toBe("capturing 3 vhosts, 400 ms behind, no gap today"));

  test("names the newest gap of the day, where it was, and how many more there are", () => {
    const gaps = [gap("2026-01-02T10:02:00Z", "2026-01-02T10:05:00Z", { node: "rabbit@b" }), gap("2026-01-02T09:00:00Z", "2026-01-02T09:01:00Z"), gap("2025-12-01T00:00:00Z", "2025-12-01T00:01:00Z")];
    expect(captureSentence({ ...fine, gaps }, now, "utc")).toEqual({ text: "capturing 3 vhosts, up to date, not captured 10:02:00–10:05:00 on node rabbit@b and 1 more gap today", bad: true });
    expect(gapsToday(gaps, now)).toHaveLength(2);
  });

  test("an open gap goes before all else", () => {
    expect(captureSentence({ ...fine, gaps: [gap("2026-01-02T11:00:00Z", null, { vhost: "b" })] }, now, "utc").text).toBe("not captured since 11:00:00 in vhost b");
  });

  test("what the collector itself says goes before what it wrote into the log", () => {
    const lost = { since: "2026-01-02T11:58:00Z", why: "the broker is away" };
    expect(captureSentence({ ...fine, lost, gaps: [gap("2026-01-02T11:00:00Z", null)] }, now, "utc")).toEqual({ text: "nothing captured since 11:58:00", bad: true });
  });

  test("nothing captured yet is told apart from capture that ended", () => {
    expect(captureSentence({ ...fine, running: false, events: 0 }, now, "utc").text).toBe("nothing captured yet");
    expect(captureSentence({ ...fine, running: false }, now, "utc").text).toBe("not capturing since 11:59:00");
  });

  test("what was on another day is told with its date", () => {
    expect(captureSentence({ ...fine, running: false, last_observed_at: "2025-12-30T11:59:00Z" }, now, "utc").text).toBe("not capturing since 2025-12-30 11:59:00");
    expect(captureSentence({ ...fine, gaps: [gap("2026-01-01T23:50:00Z", "2026-01-02T00:05:00Z")] }, now, "utc").text).toContain("not captured 2026-01-01 23:50:00–00:05:00 everywhere");
  });
});

describe("up to when what is shown is complete", () => {
  test("is told while capture is behind, gone or over, and not while it keeps up", () => {
    expect(completeUpTo(fine, now)).toBeNull();
    expect(completeUpTo({ ...fine, caught_up: false, lag_s: 0.4 }, now)).toBeNull();
    expect(completeUpTo({ ...fine, caught_up: false, lag_s: 30 }, now)).toEqual({ at: "2026-01-02T11:59:30.000Z", why: "capture is 30 s behind" });
    expect(completeUpTo({ ...fine, running: false }, now)).toEqual({ at: "2026-01-02T11:59:00Z", why: "nothing is captured now" });
    expect(completeUpTo({ ...fine, lost: { since: "2026-01-02T11:58:00Z", why: "the broker is away" } }, now)?.at).toBe("2026-01-02T11:58:00Z");
  });

  test("is not told where nothing was ever captured", () => expect(completeUpTo({ ...fine, running: false, last_observed_at: null }, now)).toBeNull());
});
