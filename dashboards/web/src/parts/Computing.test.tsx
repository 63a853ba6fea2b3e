import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { Problem } from "@/api/client";
import { Computing } from "./Computing";

function told(folded: number, toFold: number, leftS: number | null): string | null {
  const failure = new Problem(503, { type: "urn:hoptrail:problem:not-computed-yet", folded, to_fold: toFold, left_s: leftS });
  const { unmount } = render(<Computing error={null} failure={failure} again={() => undefined} />);
  const text = screen.getByRole("status").closest("p")?.textContent ?? null;
  unmount();
  return text;
}

test("until it is known how much there is to fold, that is not told as nothing", () => {
  expect(told(0, 0, null)).toContain("Reading the nearest state");
  expect(told(0, 40, null)).toContain("0 of 40 events.");
  expect(told(10, 40, 62.3)).toContain("10 of 40 events, about 1 min 3 s more.");
});
