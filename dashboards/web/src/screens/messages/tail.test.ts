import { describe, expect, test } from "vitest";
import { row } from "./made";
import { merged } from "./rows";
import { type Asked, NO_TAIL, SHOWN_MAX, step, type Tail, WAITING_MAX } from "./tail";

const NONE: Asked = { has: () => false, least: -1 };
const came = (tail: Tail, rows: ReturnType<typeof row>[], paused = false, asked = NONE) => step(tail, { what: "came", rows, paused, asked });
const uids = (rows: readonly { uid: string }[]) => rows.map((each) => each.uid);

describe("a live tail", () => {
  test("new messages stand above the others, newest first", () => {
    const tail = came(came(NO_TAIL, [row("m-1", "10:00:01")]), [row("m-3", "10:00:03"), row("m-2", "10:00:02")]);
    expect(uids(tail.shown)).toEqual(["m-3", "m-2", "m-1"]);
  });

  test("a message that changes state stays where it is", () => {
    const tail = came(came(NO_TAIL, [row("m-1"), row("m-2", "10:00:02")]), [row("m-1", "10:00:00", "dead-lettered")]);
    expect(uids(tail.shown)).toEqual(["m-2", "m-1"]);
    expect(tail.shown[1]?.state).toBe("dead-lettered");
  });

  test("a message of the list as it was asked is changed, not added", () => {
    const tail = came(NO_TAIL, [row("m-1", "10:00:00", "settled")], false, { has: (uid) => uid === "m-1", least: 0 });
    expect(tail.shown).toEqual([]);
    expect(tail.changed.get("m-1")?.state).toBe("settled");
  });

  test("a message from below what was fetched is left to further pages", () => {
    expect(came(NO_TAIL, [row("m-1")], false, { has: () => false, least: 5 }).shown).toEqual([]);
  });

  test("while paused messages wait and are counted once each", () => {
    const paused = came(came(NO_TAIL, [row("m-1"), row("m-2")], true), [row("m-2")], true);
    expect(paused.shown).toEqual([]);
    expect(paused.waitingCount).toBe(2);
    const shown = step(paused, { what: "show" });
    expect(uids(shown.shown)).toEqual(["m-2", "m-1"]);
    expect(shown.waitingCount).toBe(0);
  });

  test("it holds only so many, counts all, and says that the list must be asked again", () => {
    const many = Array.from({ length: WAITING_MAX + 7 }, (_, at) => row(`m-${at}`));
    const paused = came(NO_TAIL, many, true);
    expect([paused.waiting.length, paused.waitingCount, paused.full]).toEqual([WAITING_MAX, WAITING_MAX + 7, true]);
    expect(came(NO_TAIL, many).shown).toHaveLength(SHOWN_MAX);
  });

  test("what waits and is no longer held is not counted again when it changes", () => {
    const many = Array.from({ length: WAITING_MAX + 7 }, (_, at) => row(`m-${at}`));
    const changed = came(came(NO_TAIL, many, true), [row("m-0", "10:00:00", "settled"), row(`m-${WAITING_MAX + 7}`)], true);
    expect(changed.waitingCount).toBe(WAITING_MAX + 8);
  });

  test("once the list was asked again only what is newer stays", () => {
    const tail = came(NO_TAIL, [row("m-1"), row("m-5"), row("m-9")]);
    const settled = step({ ...tail, full: true }, { what: "asked again", asked: { has: (uid) => uid === "m-5", least: 0 }, position: 5 });
    expect([uids(settled.shown), settled.full]).toEqual([["m-9"], false]);
  });

  test("a stream that fell behind makes the list be asked again", () => {
    expect(step(NO_TAIL, { what: "behind" }).full).toBe(true);
    expect(step(came(NO_TAIL, [row("m-1")]), { what: "end" })).toBe(NO_TAIL);
  });
});

describe("two lists as one", () => {
  test("are ordered by time and then by position, and the first tells what both hold", () => {
    const found = merged([row("m-9", "10:00:02"), row("m-2", "10:00:01", "gone")], [row("m-3", "10:00:01"), row("m-2", "10:00:01"), row("m-1", "10:00:00")]);
    expect(uids(found)).toEqual(["m-9", "m-3", "m-2", "m-1"]);
    expect(found[2]?.state).toBe("gone");
  });
});
