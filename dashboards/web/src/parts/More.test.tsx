import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { More } from "./More";

afterEach(cleanup);

const PAGES = { hasNextPage: true, isFetchingNextPage: false, isFetchNextPageError: false, error: null, fetchNextPage: vi.fn() };

test("why more of a list could not be had is said beside the button, which asks again", async () => {
  const { rerender } = render(<More of={PAGES} />);
  expect(screen.getByRole("status").textContent).toBe("");
  rerender(<More of={{ ...PAGES, isFetchNextPageError: true, error: new Error("The cursor is damaged.") }} />);
  expect(screen.getByRole("status").textContent).toBe("The cursor is damaged.");
  await userEvent.click(screen.getByRole("button", { name: "Show more" }));
  expect(PAGES.fetchNextPage).toHaveBeenCalledOnce();
});

test("where there is no more, there is no button", () => {
  render(<More of={{ ...PAGES, hasNextPage: false }} />);
  expect(screen.queryByRole("button")).toBeNull();
});
