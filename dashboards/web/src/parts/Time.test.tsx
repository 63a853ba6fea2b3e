import { act, cleanup, render } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Table } from "./Table";
import { TimeAgo } from "./Time";

const BEGIN = Date.parse("2026-01-02T10:00:00Z");
const AT = "2026-01-02T09:59:50.000000000Z";
const DAY_LATER = Date.parse("2026-01-03T10:00:00Z");

beforeEach(() => vi.useFakeTimers({ now: BEGIN }));
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function shown(now?: number) {
  const cell = vi.fn((at: string) => <TimeAgo at={at} now={now} />);
  const { container } = render(<Table caption="Seen" columns={[{ key: "at", head: "last seen", cell }]} rows={[AT]} rowKey={(at) => at} />);
  act(() => vi.advanceTimersByTime(1000));
  return { container, cell };
}

test("as the present moves on, only the text of how long ago does, and no cell of its table is drawn again", () => {
  const { container, cell } = shown();
  const drawn = cell.mock.calls.length;
  const nodes = [...container.querySelectorAll("*")];
  const observer = new MutationObserver(() => undefined);
  observer.observe(container, { subtree: true, childList: true, attributes: true, characterData: true });
  act(() => vi.advanceTimersByTime(3000));
  const changed = observer.takeRecords().map((record) => record.type);
  expect(container.textContent).toContain("14 s ago");
  expect(cell.mock.calls.length).toBe(drawn);
  expect(changed).toEqual(["characterData"]);
  expect([...container.querySelectorAll("*")]).toEqual(nodes);
});

test("of another time than the present, it counts from then and stays", () => {
  const { container } = shown(DAY_LATER);
  act(() => vi.advanceTimersByTime(3000));
  expect(container.textContent).toContain("24 h ago");
});
