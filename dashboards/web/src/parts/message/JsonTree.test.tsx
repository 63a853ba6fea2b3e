import { cleanup, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { JsonTree } from "./JsonTree";

afterEach(cleanup);

const value = { order: { id: 7, note: "<b>&amp;\u202e</b>" }, tags: ["x"] };
const names = () => screen.getAllByRole("treeitem").map((each) => each.textContent);

test("arrows move through the lines, close and open them, and Left goes to what holds a line", async () => {
  const user = userEvent.setup();
  render(<JsonTree value={value} label="Body" />);
  screen.getAllByRole("treeitem")[0]?.focus();
  await user.keyboard("{ArrowDown}{ArrowLeft}");
  expect(names()).toEqual(["▾2 keys", '▸order: {id: 7, note: "<b>&amp;\\u{202e}</b>"}', "▾tags: 1 item", '0: "x"']);

  await user.keyboard("{ArrowRight}{ArrowRight}{ArrowDown}{ArrowLeft}");
  expect(document.activeElement?.textContent).toContain("order:");
  await user.keyboard("{End}");
  expect(document.activeElement?.textContent).toBe('0: "x"');
});

test("only one line is in the order of Tab", () => {
  render(<JsonTree value={value} label="Body" />);
  expect(screen.getAllByRole("treeitem").filter((each) => each.tabIndex === 0)).toHaveLength(1);
});

test("values that look like markup are text, and characters that turn the text around are written out", () => {
  const { container } = render(<JsonTree value={value} label="Body" />);
  expect(container.querySelector("b")).toBeNull();
  expect(screen.getByText('"<b>&amp;\\u{202e}</b>"')).toBeDefined();
});

test("all of it opens and folds by a button", async () => {
  const user = userEvent.setup();
  render(<JsonTree value={{ many: Array.from({ length: 100 }, () => [1]) }} label="Body" tools />);
  expect(names()).toHaveLength(2);
  await user.click(screen.getByRole("button", { name: "Open all" }));
  expect(names()).toHaveLength(202);
  await user.click(screen.getByRole("button", { name: "Fold all" }));
  expect(names()).toHaveLength(1);
});

test("that a number lost digits is said", () => {
  const { rerender } = render(<JsonTree value={{ id: 7 }} label="Body" />);
  expect(screen.queryByText(/are rounded/)).toBeNull();
  rerender(<JsonTree value={{ id: JSON.parse("1234567890123456789") as number }} label="Body" />);
  expect(screen.getByText(/are rounded/)).toBeDefined();
});
