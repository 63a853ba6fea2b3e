import { cleanup, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { Problem } from "@/api/client";
import { type Plan, USUAL } from "@/model/contract";
import { ContractView } from "./ContractView";
import type { usePlan } from "./usePlan";

afterEach(cleanup);

const plan: Plan = {
  digest: "a".repeat(32), action: "retry", selection: "group g", vhost: "/", target: "the queue each message died in", remove: "none", selected: 3, not_known: 0, messages: 3,
  routes: [{ queue: "orders.dead", exchange: "", routing_key: "orders", why: "it died there (rejected)", messages: 3 }], refused: [], unrestored: { user_id: 3 }, changes: [], position: "9",
};
const planned = (more: Partial<ReturnType<typeof usePlan>> = {}): ReturnType<typeof usePlan> => ({ plan, error: null, again: vi.fn(), start: vi.fn(), starting: false, failed: null, ...more });
const show = (of: ReturnType<typeof usePlan>, options = USUAL) => render(<ContractView planned={of} options={options} onClose={vi.fn()} />);

test("the button says what is published where, and starts the plan that is shown", async () => {
  const of = planned();
  show(of);
  expect(screen.getByText("3 messages to queue orders, at 100/s, less than 1 s; 3 cannot be restored exactly.")).toBeDefined();
  expect(screen.getByText("user_id").parentElement?.textContent).toContain("cannot be as it was");
  await userEvent.click(screen.getByRole("button", { name: "Publish 3 messages to queue orders" }));
  expect(of.start).toHaveBeenCalledWith(plan.digest);
});

test("while the plan is not that of what is chosen, there is nothing to start", () => {
  show(planned({ plan: undefined }));
  expect(screen.getByText("Planning …")).toBeDefined();
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Publish" }).disabled).toBe(true);
});
const removing = () => screen.getByRole<HTMLButtonElement>("button", { name: /take them off orders\.dead/ });

test("a removal has to be ticked, and the tick holds for that plan alone", async () => {
  const of = planned({ plan: { ...plan, remove: "drain" } });
  const { rerender } = show(of);
  expect(removing().disabled).toBe(true);
  await userEvent.click(screen.getByRole("checkbox"));
  expect(removing().disabled).toBe(false);

  rerender(<ContractView planned={planned({ plan: { ...plan, remove: "drain", digest: "b".repeat(32) } })} options={USUAL} onClose={vi.fn()} />);
  expect(removing().disabled).toBe(true);
});

test("an empty plan cannot be started", () => {
  show(planned({ plan: { ...plan, messages: 0, routes: [] } }));
  expect(screen.getByText("Nothing of 3 selected can be published.")).toBeDefined();
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Publish" }).disabled).toBe(true);
});

test("a plan that changed is said above the plan as it is now", () => {
  show(planned({ failed: new Problem(409, { detail: "The plan is another now (4 messages); look at it again. Nothing was done." }) }));
  expect(screen.getByText("The plan is another now (4 messages); look at it again. Nothing was done. Below is the plan as it is now.")).toBeDefined();
});

test("what is still to be chosen is said instead of a plan", () => {
  show(planned(), { ...USUAL, target: "queue" });
  expect(screen.getByText("Name the queue.")).toBeDefined();
  expect(screen.queryByText(/3 messages to/)).toBeNull();
});
