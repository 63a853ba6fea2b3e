import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { Problem } from "@/api/client";
import { prefer } from "@/app/preferences";
import { NotKnown } from "./NotKnown";

afterEach(cleanup);

const said = (body: Record<string, unknown>) => render(<NotKnown problem={new Problem(404, body)} never="None was seen." />).container.textContent;

test("what retention may have removed is told from what never was", () => {
  prefer({ zone: "utc" });
  expect(said({})).toBe("None was seen.");
  expect(said({ kept_from: "2026-01-02T10:00:00.000000000Z" })).toContain("removed by retention before 2026-01-02 10:00:00. What was observed");
});
