import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { GapLine } from "./RowLine";

afterEach(cleanup);

const said = (until: string | null) => {
  const gap = { gap: "1", since: "2026-01-02T23:59:00Z", until, why: "the broker was away", vhost: "/", node: "" };
  render(<GapLine gap={gap} number={2} columns={7} top={0} zone="utc" />);
  return screen.getByRole("gridcell").textContent;
};

test.each([
  [null, "2026-01-02 23:59:00, still open"],
  ["2026-01-02T23:59:30Z", "2026-01-02 23:59:00 – 23:59:30 (30 s)"],
  ["2026-01-03T00:09:00Z", "2026-01-02 23:59:00 – 2026-01-03 00:09:00 (10 min)"],
])("a gap that ended at %s tells its end with the date it needs", (until, expected) => expect(said(until)).toContain(expected));
