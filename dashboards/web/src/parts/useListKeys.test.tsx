import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useRef } from "react";
import { afterEach, expect, test } from "vitest";
import { useListKeys } from "./useListKeys";

afterEach(cleanup);
// jsdom lays nothing out, and so has nothing to scroll.
Element.prototype.scrollIntoView ??= () => undefined;

function Lists() {
  const within = useRef<HTMLDivElement>(null);
  useListKeys(within);
  return (
    <div ref={within}>
      <ul>
        <li><a href="#one">one</a> <a href="#beside">beside</a></li>
        <li>nothing to open</li>
        <li><a href="#two">two</a></li>
      </ul>
      <table>
        <thead><tr><th><a href="#head">head</a></th></tr></thead>
        <tbody><tr><td><a href="#three">three</a></td></tr></tbody>
      </table>
    </div>
  );
}

const focused = () => document.activeElement?.textContent;

test("j and k go through all rows that can be opened, over lists and tables, and stop at the ends", async () => {
  render(<Lists />);
  const seen: unknown[] = [];
  for (const key of "jjjjkkkk") {
    await userEvent.keyboard(key);
    seen.push(focused());
  }
  expect(seen).toEqual(["one", "two", "three", "three", "two", "one", "one", "one"]);
});

test("they go on from where the focus is, also on a second link of a row", async () => {
  render(<Lists />);
  screen.getByText("beside").focus();
  await userEvent.keyboard("j");
  expect(focused()).toBe("two");
});
