import { describe, expect, test } from "vitest";
import { COLUMNS, DEFAULT_COLUMNS, fitting, gridOf, sortAfter } from "./columns";
import { messagesSearch } from "./search";

const names = (width: number, withDate = false) => fitting(DEFAULT_COLUMNS, width, withDate).map((column) => column.name);

describe("the columns of the list", () => {
  test("all are there where there is room", () => expect(names(1000)).toEqual(DEFAULT_COLUMNS));

  test("where there is little, time, route and state stay", () => {
    expect(names(460)).toEqual(["time", "route", "state"]);
    expect(names(320)).toEqual(["time", "route"]);
    expect(names(10)).toEqual(["time"]);
  });

  test("on a phone the state is told by its shape", () => {
    expect(fitting(DEFAULT_COLUMNS, 366, false).map((column) => [column.name, column.isBrief ?? false])).toEqual([["time", false], ["route", false], ["state", true]]);
    expect(fitting(DEFAULT_COLUMNS, 460, false).some((column) => column.isBrief)).toBe(false);
  });

  test("a column that grows takes a share of what is left", () => expect(gridOf([COLUMNS.time, COLUMNS.route])).toBe("92px minmax(200px, 8fr)"));

  test("a click on a head asks for its order, another for the other way round", () => {
    expect(sortAfter(COLUMNS.latency, "-published_at")).toBe("-latency_ms");
    expect(sortAfter(COLUMNS.latency, "-latency_ms")).toBe("latency_ms");
    expect(sortAfter(COLUMNS.route, "-published_at")).toBeNull();
  });
});

describe("the address of the list", () => {
  test("keeps what is known and drops the rest", () => {
    expect(messagesSearch({ q: "a b", sel: "main-1", live: "1", cols: "body,time,evil", sort: "-latency_ms", since: "now-1h" })).toEqual({
      q: "a b", sel: "main-1", live: "1", cols: "time,body", sort: "-latency_ms", since: "now-1h",
    });
    expect(messagesSearch({ live: "yes", cols: "x", sort: "evil" })).toEqual({ q: undefined, sel: undefined, live: undefined, cols: undefined, sort: undefined });
  });
});
