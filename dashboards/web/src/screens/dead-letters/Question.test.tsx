import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { sessionQuery } from "@/api/shared";
import { Question } from "./Question";

afterEach(cleanup);

const WHY = "up to 9 messages may be published already, and not everything was captured (a gap): resume with unsure to publish them (perhaps again), or cancel";

function show(remove: "none" | "drain", scopes: ("metadata" | "retry")[]) {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  queries.setQueryData(sessionQuery().queryKey, { key_needed: true, who: { by: "k", scopes }, ends_at: null });
  render(
    <QueryClientProvider client={queries}>
      <Question retry={{ id: "a", why: WHY, remove }} />
    </QueryClientProvider>,
  );
}

test("a retry that asks says what is in doubt, and what each answer costs at worst", () => {
  show("none", ["metadata", "retry"]);
  const told = screen.getByRole("alert").textContent;
  expect(told).toContain("up to 9 messages may be published already, and not everything was captured (a gap).");
  expect(told).toContain("Take them as published At worst some are lost");
  expect(told).toContain("Take them as missing, and publish them At worst some are published twice.");
});

test("where messages are taken off their queue, only one answer is offered", () => {
  show("drain", ["metadata", "retry"]);
  expect(screen.getAllByRole("button").map((each) => each.textContent)).toEqual(["Publish what still lies in its queue"]);
});

test("who may not retry sees the question, and what an answer needs", () => {
  show("none", ["metadata"]);
  expect(screen.queryByRole("button")).toBeNull();
  expect(screen.getByRole("alert").textContent).toContain("Take them as published needs a key with the scope retry");
});
