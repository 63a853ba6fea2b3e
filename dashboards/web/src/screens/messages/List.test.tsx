import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { createRef } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { DEFAULT_COLUMNS } from "./columns";
import { List } from "./List";

afterEach(cleanup);

const nothing = () => undefined;

test("a list that goes while it is scrolled leaves nobody away from its top", () => {
  const onScrolled = vi.fn();
  const { unmount } = render(
    <List grid={createRef<HTMLDivElement>()} entries={[]} total={0} isMore={false} columns={DEFAULT_COLUMNS} sort="-published_at" selected={undefined} today="2026-01-02" onSort={nothing} onSelect={nothing} onOpen={nothing} onMove={nothing} onMore={nothing} onScrolled={onScrolled}>
      {null}
    </List>,
  );
  fireEvent.scroll(screen.getByRole("grid"), { target: { scrollTop: 400 } });
  expect(onScrolled).toHaveBeenLastCalledWith(true);

  unmount();
  expect(onScrolled).toHaveBeenLastCalledWith(false);
});
