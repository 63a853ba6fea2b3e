import { describe, expect, test } from "vitest";
import type { Searches } from "./searches";
import { RECENT_MAX, read, viewSaid, withoutSaved, withRecent, withSaved } from "./searches";

const NONE: Searches = { saved: [], recent: [] };

describe("searches kept in the browser", () => {
  test("the latest goes first, once, and only so many are kept", () => {
    const many = Array.from({ length: 20 }, (_, at) => `q${at}`).reduce(withRecent, NONE);
    expect(many.recent).toHaveLength(RECENT_MAX);
    expect(withRecent(many, "q15").recent.slice(0, 2)).toEqual(["q15", "q19"]);
    expect(withRecent(NONE, "  ")).toBe(NONE);
  });

  test("a saved search is replaced and deleted by its name", () => {
    const saved = [["b", "1"], ["a", "2"], ["b", "3"]].reduce((searches, [name = "", q = ""]) => withSaved(searches, { name, q }), NONE);
    expect(saved.saved).toEqual([{ name: "a", q: "2" }, { name: "b", q: "3" }]);
    expect(withoutSaved(saved, "a").saved).toEqual([{ name: "b", q: "3" }]);
  });

  test("one is read as it was saved, with its range and columns or, if from before, without", () => {
    const view = { since: "now-1h", until: "", cols: "time,message_id" };
    const searches = { saved: [{ name: "new", q: "a", view }, { name: "old", q: "b" }], recent: [] };
    expect(read(JSON.stringify(searches))).toEqual(searches);
    expect(read(JSON.stringify({ saved: [{ name: "damaged", q: "c", view: { ...view, until: 7 } }] })).saved).toEqual([{ name: "damaged", q: "c" }]);
    expect(viewSaid(view, "utc")).toBe("last hour · columns time, message id");
    expect(viewSaid({ since: "2026-01-02T10:00:00Z", until: "2026-01-02T11:00:00Z", cols: "" }, "utc")).toBe("2026-01-02 10:00:00 – 11:00:00");
    expect(viewSaid({ since: "", until: "", cols: "" }, "utc")).toBe("all that is kept");
    expect(viewSaid(undefined, "utc")).toBe("without a range");
  });

  test.each(["", "{", "7", '{"saved": 1, "recent": [1, "a"]}', '{"saved": [{"name": 1}], "recent": ["a"]}', '{"saved": [null, 7]}'])("what is damaged in %j counts as none", (stored) => {
    expect(read(stored).saved).toEqual([]);
  });
});
