import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { Dialog } from "./Dialog";

HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
  this.open = true;
};
afterEach(cleanup);

test("a drag from within a dialog to beside it, as when text is marked, does not close it", () => {
  const left = vi.fn();
  render(<Dialog title="Edit" open onClose={left}>text</Dialog>);
  const dialog = screen.getByRole("dialog");
  fireEvent.pointerDown(screen.getByText("text"));
  fireEvent.click(dialog);
  expect(left).not.toHaveBeenCalled();

  fireEvent.pointerDown(dialog);
  fireEvent.click(dialog);
  expect(left).toHaveBeenCalledOnce();
});

test("a click beside a firm dialog, which shows what is shown once, does not close it", () => {
  const left = vi.fn();
  render(
    <Dialog title="Key" open onClose={left} firm>
      text
    </Dialog>,
  );
  const dialog = screen.getByRole("dialog");
  fireEvent.pointerDown(dialog);
  fireEvent.click(dialog);
  expect(left).not.toHaveBeenCalled();
});
