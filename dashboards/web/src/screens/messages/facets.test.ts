import { describe, expect, test } from "vitest";
import { grouped, shownValues } from "./facets";

describe("what is counted beside the list", () => {
  test("a field with a condition is counted without it, so that other values can be chosen", () => {
    const { free, own } = grouped("card AND state:gone AND -queue:a");
    expect(free).not.toContain("state");
    expect(own).toEqual([{ field: "state", q: "card AND -queue:a" }, { field: "queue", q: "card AND state:gone" }]);
  });

  test("a query that is no plain list of conditions is counted as it is", () => {
    expect(grouped("state:gone OR x").own).toEqual([]);
  });

  test("a value that the query names is shown even where it is rare", () => {
    const values = [{ value: "a", count: 3 }, { value: "b", count: 2 }, { value: "c", count: 1 }];
    expect(shownValues(values, ["c", "x"], 2)).toEqual([values[0], values[1], values[2], { value: "x", count: null }]);
  });
});
