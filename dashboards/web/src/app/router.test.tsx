import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { makeQueries } from "@/api/queries";
import { makeRouter } from "./router";

const SERVICE = {
  node: { id: "service::one" }, name: "one", evidence: null, confidence: 1, instances: 0, instances_total: 0, instance_list: [], published: 0, consumed: 0,
  edges: [], outputs: [], inputs: [], given_by: [], gives_to: [], first_seen: null, last_seen: null,
};

/** An API of one service; another one is never answered, and all else is refused. */
vi.hoisted(() => {
  globalThis.fetch = (request) => {
    const { pathname } = new URL((request as Request).url);
    if (pathname === "/api/v1/services/two") return new Promise(() => undefined);
    if (pathname === "/api/v1/services/one") return Promise.resolve(Response.json(SERVICE));
    if (pathname === "/api/v1/session") return Promise.resolve(Response.json({ key_needed: false, who: { by: "me", scopes: [] }, ends_at: null }));
    return Promise.resolve(Response.json({ type: "about:blank", title: "No" }, { status: 400 }));
  };
});

afterEach(cleanup);

async function opened(address: string) {
  history.replaceState(null, "", address);
  const router = makeRouter();
  await router.load();
  return router;
}

test.each(["/queues", "/queues/%2F/a%2520b%3Fc", "/exchanges/%2F"])("a relative time as of which %s is shown becomes a moment, and the rest of the address stays", async (path) => {
  const before = Date.now();
  await opened(`${path}?since=now-1h&name=x+y&at=now-1m`);
  const { pathname, searchParams } = new URL(location.href);
  const moment = Date.parse(searchParams.get("at") ?? "");
  expect([pathname, searchParams.get("since")]).toEqual([path, "now-1h"]);
  expect(moment).toBeGreaterThanOrEqual(before - 60_000);
  expect(moment).toBeLessThanOrEqual(Date.now() - 60_000);
});

test.each(["2026-01-02T10:00:00.123456789Z", "yesterday"])("%s stays in the address as it is", async (at) => {
  const router = await opened(`/queues?at=${at}`);
  expect(router.state.location.search).toEqual({ at });
});

test("while a service is asked for, its page shows nothing of the one before", async () => {
  const router = await opened("/services/one");
  render(
    <QueryClientProvider client={makeQueries()}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  expect(await screen.findByRole("heading", { level: 1, name: "one" })).toBeDefined();

  await act(() => router.navigate({ to: "/services/$name", params: { name: "two" } }));
  expect(await screen.findByRole("heading", { level: 1, name: "two" })).toBeDefined();
  expect(screen.getByText("Asking …")).toBeDefined();
});
