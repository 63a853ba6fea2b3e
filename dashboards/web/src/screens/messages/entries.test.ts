import { describe, expect, test } from "vitest";
import { toMs } from "@/model/time";
import { entriesOf, type Gap, missedMs } from "./entries";
import { row } from "./made";

const gap = (name: string, since: string, until: string | null): Gap => ({ gap: name, since: `2026-01-02T${since}Z`, until: until && `2026-01-02T${until}Z`, why: "the tap was away", vhost: "", node: "" });
const rows = [row("c", "10:03:00"), row("b", "10:02:00"), row("a", "10:00:00")];
const said = (sort: "-published_at" | "published_at" | "-latency_ms", gaps: Gap[], complete = true) =>
  entriesOf(sort === "published_at" ? rows.toReversed() : rows, gaps, sort, complete).map((entry) => (entry.kind === "row" ? entry.row.uid : entry.gap.gap));

describe("times that were not captured, in the list", () => {
  test("stand between the messages before and behind them", () => {
    expect(said("-published_at", [gap("g", "10:00:30", "10:01:00")])).toEqual(["c", "b", "g", "a"]);
    expect(said("published_at", [gap("g", "10:00:30", "10:01:00")])).toEqual(["a", "g", "b", "c"]);
  });

  test("one that still lasts stands above all", () => {
    expect(said("-published_at", [gap("g", "10:00:30", null)])[0]).toBe("g");
  });

  test("one beyond the last message is told when there are no more", () => {
    expect(said("-published_at", [gap("g", "09:00:00", "09:01:00")])).toEqual(["c", "b", "a", "g"]);
    expect(said("-published_at", [gap("g", "09:00:00", "09:01:00")], false)).toEqual(["c", "b", "a"]);
  });

  test("have no place among messages by another order", () => {
    expect(said("-latency_ms", [gap("g", "10:00:30", "10:01:00")])).toEqual(["c", "b", "a"]);
  });

  test("that overlap are counted once, and only within the range", () => {
    const gaps = [gap("g", "10:00:00", "10:00:10"), gap("h", "10:00:05", "10:00:20"), gap("i", "10:01:00", null)];
    expect(missedMs(gaps, toMs("2026-01-02T10:00:02Z"), toMs("2026-01-02T10:01:03Z"))).toBe(21_000);
  });
});
