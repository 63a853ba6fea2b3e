import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { sessionQuery } from "@/api/shared";
import { Allowed, type Scope } from "./Allowed";

afterEach(cleanup);

function show(scopes: Scope[], scope: Scope) {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  queries.setQueryData(sessionQuery().queryKey, { key_needed: true, who: { by: "k", scopes }, ends_at: null });
  return render(
    <QueryClientProvider client={queries}>
      <Allowed scope={scope} what="Retry">
        <button type="button">Retry …</button>
      </Allowed>
    </QueryClientProvider>,
  );
}

test("who has the scope sees the action", () => {
  show(["metadata", "retry"], "retry");
  expect(screen.getByRole("button")).toBeDefined();
});

test("who has not sees what it needs, and no button", () => {
  const { container } = show(["metadata"], "retry");
  expect(container.textContent).toBe("Retry needs a key with the scope retry");
  expect(screen.queryByRole("button")).toBeNull();
});

test("editing needs its setting too", () => {
  expect(show(["metadata", "retry"], "edit").container.textContent).toBe("Retry needs a key with the scope edit and HOPTRAIL_EDIT=on");
});
