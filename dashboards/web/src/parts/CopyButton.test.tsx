import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { CopyButton, copyText } from "./CopyButton";

afterEach(cleanup);

/** Let the page copy the old way, and return where the text stood that was copied. */
function oldWay(): { in: Element | null } {
  const found: { in: Element | null } = { in: null };
  document.execCommand = () => {
    found.in = document.querySelector("textarea")?.parentElement ?? null;
    return true;
  };
  Object.defineProperty(navigator, "clipboard", { value: undefined, configurable: true });
  return found;
}

test("in an open dialog the text to copy stands in it, since nothing beside it can be selected", async () => {
  const found = oldWay();
  render(<dialog open>key</dialog>);
  await expect(copyText("secret")).resolves.toBe(true);
  expect(found.in).toBe(screen.getByRole("dialog"));
  expect(document.querySelector("textarea")).toBeNull();
});

test("that it could not be copied is said", async () => {
  oldWay();
  document.execCommand = () => false;
  render(<CopyButton name="Copy id" text={() => "main-1"} />);
  await userEvent.click(screen.getByRole("button"));
  expect(await screen.findByText("This browser does not let pages copy")).toBeDefined();
});
