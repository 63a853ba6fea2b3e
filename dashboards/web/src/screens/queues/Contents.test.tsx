// What a queue's contents ask for, against an API that is stood in for here.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { Contents } from "./Contents";

const asked = vi.hoisted(() => {
  const cursors: string[] = [];
  globalThis.fetch = (request) => {
    const cursor = new URL((request as Request).url).searchParams.get("cursor");
    if (cursor !== null) cursors.push(cursor);
    return Promise.resolve(cursor === null ? Response.json({ items: [{ uid: "main-1", position: "1" }], total: 2, total_is: "exact", next: "more" }) : Response.json({ title: "The cursor is damaged", detail: "Begin again." }, { status: 400 }));
  };
  return cursors;
});

afterEach(cleanup);

test("a page that is refused is said so, and not asked for again by itself", async () => {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={queries}>
      <Contents vhost="/" name="orders" waiting={false} />
    </QueryClientProvider>,
  );
  await screen.findByText("The cursor is damaged");
  expect(screen.getByText("1 of 2, the next to be delivered first")).toBeDefined();
  expect(asked).toEqual(["more"]);
});
