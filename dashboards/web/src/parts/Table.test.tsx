import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { type Column, Table } from "./Table";
import { WHOLE_MOST } from "./useRowsDrawn";

afterEach(cleanup);
// jsdom lays nothing out, and so has nothing to scroll.
Element.prototype.scrollIntoView ??= () => undefined;

const COLUMNS: Column<number>[] = [{ key: "number", head: "Number", number: true, cell: (row) => row, by: (row) => row }];
const many = Array.from({ length: 5 * WHOLE_MOST }, (_, row) => row);

/** Show a table of *rows* in a page that is 800 px high, as far as jsdom can be told. */
function show(rows: readonly number[], onOpen = vi.fn()) {
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(800);
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(28);
  render(<main><Table caption="numbers" columns={COLUMNS} rows={rows} rowKey={String} onOpen={onOpen} /></main>);
  return onOpen;
}

test("of a long table only the rows in sight are drawn, and how many there are is told", () => {
  show(many);
  expect(screen.getByRole("table").getAttribute("aria-rowcount")).toBe(String(many.length + 1));
  const drawn = screen.getAllByRole("row").slice(1);
  expect(drawn.length).toBeGreaterThan(10);
  expect(drawn.length).toBeLessThan(WHOLE_MOST);
  expect(drawn.map((row) => row.getAttribute("aria-rowindex")).slice(0, 2)).toEqual(["2", "3"]);
});

test("a short table is drawn whole", () => {
  show(many.slice(0, WHOLE_MOST));
  expect(screen.getAllByRole("row")).toHaveLength(WHOLE_MOST + 1);
});

test("j goes through a long table too, and Enter opens the row", async () => {
  const opened = show(many);
  await userEvent.keyboard("jjj{Enter}");
  expect(opened.mock.lastCall).toEqual([2]);
});

const table = (rows: number[]) => <Table caption="t" columns={COLUMNS} rows={rows} rowKey={String} onOpen={vi.fn()} />;

test("the keys go on from the row that has the focus, wherever new figures put it", async () => {
  const { rerender } = render(table([1, 2, 3]));
  await userEvent.keyboard("j");
  rerender(table([2, 3, 1, 4]));
  await userEvent.keyboard("j");
  expect(document.activeElement?.textContent).toBe("4");
});

test("when the row that had the focus is gone, Tab still leads into the table", () => {
  const { rerender } = render(table([1, 2, 3]));
  screen.getByText("3").parentElement?.focus();
  rerender(table([1]));
  expect(screen.getByText("1").parentElement?.tabIndex).toBe(0);
});
