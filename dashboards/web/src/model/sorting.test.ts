import { expect, test } from "vitest";
import { fromSorting, toSorting } from "./sorting";

test.each(["name", "-rate"])("the order %j comes back from an address", (text) => {
  expect(fromSorting(toSorting(text, "other"))).toBe(text);
});

test("without an order in the address the first one holds", () => {
  expect(toSorting(undefined, "-rate")).toEqual({ key: "rate", down: true });
});
