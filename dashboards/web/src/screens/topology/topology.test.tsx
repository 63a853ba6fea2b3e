import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeQueries } from "@/api/queries";
import { makeRouter } from "@/app/router";
import { edge, node, SHOP } from "@/model/made-graph";

const answers = vi.hoisted(() => {
  const held: { topology: () => Response } = { topology: () => Response.json({ nodes: [], edges: [] }) };
  globalThis.fetch = (request) => {
    const { pathname } = new URL((request as Request).url);
    if (pathname === "/api/v1/topology") return Promise.resolve(held.topology());
    if (pathname === "/api/v1/queues") return Promise.resolve(Response.json({ items: [{ vhost: "/", name: "bills", waiting: 7, problem: { kind: "no-consumer", why: "nobody takes them", since: null } }] }));
    if (pathname === "/api/v1/session") return Promise.resolve(Response.json({ key_needed: false, who: { by: "me", scopes: [] }, ends_at: null }));
    return Promise.resolve(Response.json({ type: "about:blank", title: "No", detail: "not here" }, { status: 400 }));
  };
  // jsdom lays nothing out: every element is told to be as wide as a laptop's page.
  globalThis.ResizeObserver = class {
    constructor(private readonly told: ResizeObserverCallback) {}
    observe() {
      this.told([{ contentRect: { width: 1080, height: 500 } } as ResizeObserverEntry], this);
    }
    unobserve() {}
    disconnect() {}
  };
  Element.prototype.scrollIntoView ??= () => undefined;
  Element.prototype.scrollTo ??= () => undefined;
  globalThis.scrollTo = () => undefined;
  return held;
});

const told = (graph: { nodes: unknown; edges: unknown }) => () => Response.json(graph);

beforeEach(() => {
  answers.topology = told(SHOP);
});
afterEach(cleanup);

/** Open the topology at *search*, and return what the address asks for from then on. */
async function show(search = ""): Promise<() => Record<string, string>> {
  history.replaceState(null, "", `/topology${search}`);
  const router = makeRouter();
  await router.load();
  render(
    <QueryClientProvider client={makeQueries()}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  await act(() => new Promise((done) => { setTimeout(done, 0); }));
  return () => Object.fromEntries(new URL(location.href).searchParams);
}

const picture = () => screen.findByRole("region", { name: "Picture of the topology" });
const box = async (name: RegExp) => within(await picture()).findByRole("button", { name });
const panel = () => screen.findByRole("complementary", { name: "What is chosen" });
const link = (of: HTMLElement, name: string) => new URL((within(of).getByRole("link", { name }) as HTMLAnchorElement).href).searchParams.get("q");

test("an edge that is chosen tells its figures and failures, and leads to its messages and to those that failed", async () => {
  const address = await show();
  fireEvent.click(await box(/^web publishes to orders:/));
  const chosen = await panel();
  expect(within(chosen).getByRole("heading", { level: 2 }).textContent).toBe("web publishes to orders");
  expect(chosen.textContent).toMatch(/rate5\/s in the last minute/);
  expect(chosen.textContent).toMatch(/messages100 since the retained log begins/);
  expect(chosen.textContent).toMatch(/failed10, 20 % now/);
  expect(link(chosen, "Its messages")).toBe('publisher.service:web AND exchange:orders AND vhost:"/"');
  expect(link(chosen, "Those that failed")).toContain("state:(dead-lettered OR unroutable OR redelivered)");
  expect(address()["edge"]).toBe("publish service:web → exchange:/:orders");
});

test("an edge of which no failures are counted does not say that none failed", async () => {
  await show("?edge=binding+exchange:/:orders+→+queue:/:bills");
  const chosen = await panel();
  expect(within(chosen).queryByText("failed")).toBeNull();
  expect(within(chosen).queryByRole("link", { name: "Those that failed" })).toBeNull();
  expect(chosen.textContent).toMatch(/keynew/);
});

test("a node that is chosen tells what waits, what is wrong, what leads to it and on, and what is folded under it", async () => {
  await show("?node=queue:/:bills");
  const chosen = await panel();
  await waitFor(() => expect(chosen.textContent).toMatch(/now7 waiting/));
  expect(chosen.textContent).toMatch(/problemnobody takes them/);
  expect(within(chosen).getByRole("button", { name: /^orders routes to/ })).toBeDefined();
  expect(within(chosen).getByRole("button", { name: /^delivers to billing/ })).toBeDefined();
  expect(within(chosen).getByRole("link", { name: "bills.retry" })).toBeDefined();
  expect(within(chosen).getByRole("link", { name: "Open its page" }).getAttribute("href")).toBe("/queues/%2F/bills");
});

test("from a node its edges are chosen one by one, and Escape lets go", async () => {
  const address = await show("?node=queue:/:bills");
  await userEvent.click(within(await panel()).getByRole("button", { name: /^delivers to billing/ }));
  await waitFor(() => expect(address()["edge"]).toBe("deliver queue:/:bills → service:billing"));
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(address()).toEqual({}));
});

test("a node is put at the centre, and its neighbourhood widened and narrowed, by keys", async () => {
  const address = await show();
  (await box(/^queue ?bills/)).focus();
  await userEvent.keyboard("c");
  await waitFor(() => expect(address()["focus"]).toBe("queue:/:bills"));
  await userEvent.keyboard("[[[[");
  await waitFor(() => expect(address()["hops"]).toBe("1"));
  await waitFor(() => expect(screen.queryByRole("button", { name: /^service ?web/ })).toBeNull());
  await userEvent.keyboard("]");
  await waitFor(() => expect(address()["hops"]).toBe("2"));
  expect(await box(/^service ?web/)).toBeDefined();
  await userEvent.keyboard("a");
  await waitFor(() => expect(address()["focus"]).toBe("all"));
});

test("a node is found by a part of its name, and becomes the centre", async () => {
  const address = await show();
  await picture();
  await userEvent.keyboard("f");
  await userEvent.keyboard("bil");
  expect(screen.getAllByRole("option").map((each) => each.textContent)).toEqual(["bills queue", "billing service"]);
  await userEvent.keyboard("{ArrowDown}{Enter}");
  await waitFor(() => expect(address()).toEqual({ focus: "service:billing", node: "service:billing" }));
});

/** What a busy machine may need for a picture of many nodes. */
const LARGE_MS = 30_000;

test("Ctrl and the wheel zoom the picture and are kept by the address; the wheel alone is left to the page", async () => {
  const address = await show();
  const board = await picture();
  expect(fireEvent.wheel(board, { deltaY: 40 })).toBe(true);
  expect(fireEvent.wheel(board, { deltaY: 40, ctrlKey: true })).toBe(false);
  expect(board.dataset["detail"]).toBe("name");
  await waitFor(() => expect(Number(address()["scale"])).toBeCloseTo(78.7));
  await userEvent.keyboard("0");
  await waitFor(() => expect(address()["scale"]).toBe("100"));
  await userEvent.keyboard("--+");
  await waitFor(() => expect(address()["scale"]).toBe("75"));
  expect(board.dataset["detail"]).toBe("name");
}, LARGE_MS);

const LARGE = {
  nodes: [...Array.from({ length: 64 }, (_, at) => node(`service:s${at}`)), node("exchange:/:hub")],
  edges: Array.from({ length: 64 }, (_, at) => edge(`service:s${at}`, "exchange:/:hub", "publish", { rate_per_s: at })),
};

test("the whole of a large topology is seen at once: bars, names where there is room, and everything when it is pointed at", async () => {
  answers.topology = told(LARGE);
  const address = await show("?focus=all");
  const board = await picture();
  expect(board.dataset["detail"]).toBe("bar");
  expect(board.querySelectorAll("[data-node]")).toHaveLength(65);
  expect(within(board).getByText("s63")).toBeDefined();
  expect(within(board).queryByText("s3")).toBeNull();
  const quiet = board.querySelector('[data-node="service:s3"]') as HTMLElement;
  fireEvent.pointerOver(quiet);
  expect(within(board).getByText("s3")).toBeDefined();
  expect(board.querySelectorAll("[data-edge][class*=lit]")).toHaveLength(1);
  expect(document.querySelector("[data-readout]")?.textContent).toMatch(/gives 3\/s/);
  fireEvent.click(quiet);
  await waitFor(() => expect(address()["node"]).toBe("service:s3"));
  await userEvent.keyboard("0");
  await waitFor(() => expect(board.dataset["detail"]).toBe("full"));
  await userEvent.keyboard("w");
  await waitFor(() => expect(board.dataset["detail"]).toBe("bar"));
}, LARGE_MS);

test("what is searched for is named in the picture while it is typed", async () => {
  answers.topology = told(LARGE);
  await show("?focus=all");
  const board = await picture();
  await userEvent.keyboard("fs12");
  expect(within(board).getByText("s12")).toBeDefined();
}, LARGE_MS);

test("queues that serve another stand under it until x shows them, and again hides them", async () => {
  await show();
  const bills = await box(/^queue ?bills(?!\.)/);
  expect(bills.textContent).toContain("+ retry, parking");
  expect(screen.queryByRole("button", { name: /^queue ?bills\.retry/ })).toBeNull();
  bills.focus();
  await userEvent.keyboard("x");
  expect(await box(/^queue ?bills\.retry/)).toBeDefined();
  expect(await box(/^bills dead-letters to bills\.dead:/)).toBeDefined();
  (await box(/^queue ?bills(?!\.)/)).focus();
  await userEvent.keyboard("x");
  await waitFor(() => expect(screen.queryByRole("button", { name: /^queue ?bills\.retry/ })).toBeNull());
});

test("the table holds the same edges as the picture, whatever is left out", async () => {
  const address = await show("?used=1");
  const drawn = [...(await picture()).querySelectorAll("[data-edge]")].map((each) => each.getAttribute("data-edge"));
  expect(drawn).not.toContain("binding exchange:/:orders → queue:/:unused");
  await userEvent.click(screen.getByRole("link", { name: "table" }));
  const rows = within(await screen.findByRole("table", { name: "Edges between services, exchanges and queues" })).getAllByRole("row").slice(1);
  const said = rows.map((row) => [...row.querySelectorAll("td")].slice(0, 3).map((cell) => cell.textContent).join(" "));
  expect(said.toSorted()).toEqual(["bills delivers to billing", "billing publishes to orders", "orders routes to bills", "web publishes to orders"].toSorted());
  expect(rows).toHaveLength(drawn.length);
  expect(rows.find((row) => row.textContent?.startsWith("bills"))?.textContent).toContain("3, 10 % now");
  expect(address()["view"]).toBe("table");
});

test("a row of the table is chosen as a line of the picture is", async () => {
  const address = await show("?view=table&list=nodes");
  await screen.findByRole("table", { name: "Services, exchanges and queues" });
  await userEvent.keyboard("jj{Enter}");
  await waitFor(() => expect(address()["node"]).toBeDefined());
  expect(await panel()).toBeDefined();
});

test("that the topology could not be had is said with its reason, and asked for again on demand", async () => {
  answers.topology = () => Response.json({ title: "Not now", detail: "The views are away." }, { status: 400 });
  await show();
  expect(await screen.findByText("The views are away.")).toBeDefined();
  answers.topology = told(SHOP);
  await userEvent.click(screen.getByRole("button", { name: "Ask again" }));
  expect(await picture()).toBeDefined();
});

test.each([
  ["nothing was captured", "", { nodes: [], edges: [] }, /^Nothing was captured yet/],
  ["only built-in exchanges are there", "", { nodes: [node("exchange:/:amq.topic", { observed: false })], edges: [] }, /^Only the exchanges that every broker has/],
  ["the filters leave nothing", "?busy=1", { nodes: SHOP.nodes, edges: [edge("service:web", "exchange:/:orders", "publish", { rate_per_s: 0 })] }, /^The filters leave nothing/],
  ["the node of the address is not there", "?focus=queue:/:gone", SHOP, /^queue:\/:gone is not in here/],
])("when %s, that is said instead of an empty picture", async (_, search, graph, said) => {
  answers.topology = told(graph);
  await show(search);
  expect(await screen.findByText(said)).toBeDefined();
  expect(screen.queryByRole("region", { name: "Picture of the topology" })).toBeNull();
});
