// What the frame does by keyboard and by mouse, in one document: shortcuts, palette, help, range of time, login; and tables and dialogs.
import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRoute, createRouter, Outlet, RouterProvider } from "@tanstack/react-router";
import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { type ReactNode, useState } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { sessionQuery, topologyQuery } from "@/api/shared";
import { AsOf } from "@/parts/AsOf";
import { Dialog } from "@/parts/Dialog";
import { type Column, Table } from "@/parts/Table";
import { Help, keysShown } from "./Help";
import { pressed, useShortcut } from "./keys";
import { Login } from "./Login";
import { Palette } from "./Palette";
import { kept, parseSearch, stringifySearch } from "./search";
import { TimeRange } from "./TimeRange";

const asked = vi.hoisted(() => {
  const answer = { now: (_request: Request): Response => new Response(null, { status: 204 }) };
  globalThis.fetch = (request) => Promise.resolve(answer.now(request as Request));
  return answer;
});

// What jsdom leaves to browsers.
HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
  this.open = true;
};
HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement) {
  this.open = false;
};
HTMLElement.prototype.hidePopover ??= () => undefined;
HTMLElement.prototype.scrollIntoView ??= () => undefined;

afterEach(() => {
  cleanup();
  localStorage.clear();
});

const queriesWith = () => {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, retry: false } } });
  const node = { id: "queue:/:orders", kind: "queue", vhost: "/", name: "orders" };
  queries.setQueryData(topologyQuery(false).queryKey, { nodes: [node], edges: [] } as never);
  return queries;
};

/** Show *what* on every page of a small app, and return its router. */
async function at(path: string, what: ReactNode) {
  const root = createRootRoute({ validateSearch: kept, component: () => <>{what}<Outlet /></> });
  const paths = ["/", "/queues", "/queues/$vhost/$name", "/messages"];
  const children = paths.map((each) => createRoute({ getParentRoute: () => root, path: each, component: () => null }));
  const router = createRouter({ routeTree: root.addChildren(children), history: createMemoryHistory({ initialEntries: [path] }), parseSearch, stringifySearch });
  render(
    <QueryClientProvider client={queriesWith()}>
      <RouterProvider router={router as never} />
    </QueryClientProvider>,
  );
  await act(() => router.load());
  return router;
}

function Shortcut({ keys, run, enabled = true }: { keys: string; run: () => void; enabled?: boolean }) {
  useShortcut(keys, `does ${keys}`, run, enabled);
  return null;
}

describe("shortcuts", () => {
  test("one key, two keys one after the other, and Ctrl with a key do what they say", async () => {
    const [one, two, three] = [vi.fn(), vi.fn(), vi.fn()];
    render(<><Shortcut keys="j" run={one} /><Shortcut keys="g m" run={two} /><Shortcut keys="mod+k" run={three} /></>);
    await userEvent.keyboard("jgm{Control>}k{/Control}");
    expect([one, two, three].map((each) => each.mock.calls.length)).toEqual([1, 1, 1]);
    expect(pressed({ key: "K", ctrlKey: false, metaKey: true, altKey: false })).toBe("mod+k");
  });

  test("typing in a box is typing, but for Ctrl and Escape", async () => {
    const run = vi.fn();
    render(<><input aria-label="box" /><Shortcut keys="j" run={run} /><Shortcut keys="Escape" run={run} /><Shortcut keys="mod+k" run={run} /></>);
    await userEvent.type(screen.getByLabelText("box"), "jj");
    expect(run).not.toHaveBeenCalled();
    await userEvent.keyboard("{Escape}{Control>}k{/Control}");
    expect(run).toHaveBeenCalledTimes(2);
  });

  test("the innermost goes first, one that is off not at all, and the outer one again when the inner is gone", async () => {
    const [outer, inner, off] = [vi.fn(), vi.fn(), vi.fn()];
    const { rerender } = render(<><Shortcut keys="j" run={outer} /><Shortcut keys="j" run={inner} /><Shortcut keys="j" run={off} enabled={false} /></>);
    await userEvent.keyboard("j");
    rerender(<Shortcut keys="j" run={outer} />);
    await userEvent.keyboard("j");
    expect([outer, inner, off].map((each) => each.mock.calls.length)).toEqual([1, 1, 0]);
  });

  test("a key acts on what is on the screen as soon as it is there", async () => {
    const run = vi.fn();
    const where = document.body.appendChild(document.createElement("div"));
    const shown = createRoot(where);
    const Rows = ({ rows }: { rows: number }) => <><p>{rows} rows</p><Shortcut keys="j" run={() => run(rows)} /></>;
    // As in a browser, what is drawn is drawn in its own time.
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", false);
    for (const rows of [1, 2]) {
      const drawn = new Promise<void>((done) => {
        const watched = new MutationObserver(() => {
          watched.disconnect();
          fireEvent.keyDown(document.body, { key: "j" });
          done();
        });
        watched.observe(where, { childList: true, characterData: true, subtree: true });
      });
      shown.render(<Rows rows={rows} />);
      await drawn;
    }
    shown.unmount();
    where.remove();
    vi.unstubAllGlobals();
    expect(run.mock.calls).toEqual([[1], [2]]);
  });

  test("none acts behind an open dialog", async () => {
    const run = vi.fn();
    render(<><Shortcut keys="j" run={run} /><Dialog title="Open" open onClose={() => undefined}>text</Dialog></>);
    await userEvent.keyboard("j");
    expect(run).not.toHaveBeenCalled();
  });
});

describe("the palette", () => {
  test("finds a queue by a part of its name, and Enter opens it", async () => {
    const router = await at("/", <Palette />);
    await userEvent.keyboard("{Control>}k{/Control}");
    await userEvent.type(screen.getByRole("combobox"), "ord");
    expect(screen.getAllByRole("option").map((each) => each.textContent)).toEqual(["ordersqueue", "Search messages for ordsearch"]);
    await userEvent.keyboard("{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toBe("/queues/%2F/orders"));
  });

  test("arrows move the choice, around the ends too, and a click opens", async () => {
    const router = await at("/", <Palette />);
    await userEvent.keyboard("{Control>}k{/Control}");
    await userEvent.type(screen.getByRole("combobox"), "ord{ArrowUp}");
    expect(screen.getAllByRole("option").map((each) => each.getAttribute("aria-selected"))).toEqual(["false", "true"]);
    await userEvent.click(screen.getByText("Search messages for ord"));
    await waitFor(() => expect(router.state.location.search).toEqual({ q: "ord" }));
  });
});

describe("the help", () => {
  test("lists what holds on this page apart from where to go, each once", async () => {
    render(<><Shortcut keys="j" run={vi.fn()} /><Shortcut keys="j" run={vi.fn()} /><Shortcut keys="g m" run={vi.fn()} /><Help /></>);
    await userEvent.keyboard("?");
    const [page, places] = screen.getAllByRole("heading", { level: 3, hidden: true }).map((each) => each.parentElement?.textContent);
    expect(page).toBe("On this pagejdoes j?Keyboard shortcuts");
    expect(places).toBe("Go togmdoes g m");
  });

  test("keys are shown as they are called", () => expect([keysShown("mod+k", true), keysShown("mod+k", false), keysShown("g ArrowUp")]).toEqual([["⌘K"], ["Ctrl K"], ["g", "↑"]]));
});

/** Type into a box of the popover, which jsdom never shows, and submit its form. */
function enter(label: string, text: string) {
  const box = screen.getByLabelText<HTMLInputElement>(label);
  fireEvent.change(box, { target: { value: text } });
  if (box.form) fireEvent.submit(box.form);
}

describe("the range of time", () => {
  test("a preset stands in the address and on the button", async () => {
    const router = await at("/queues", <TimeRange />);
    await userEvent.click(screen.getByText("last hour"));
    await waitFor(() => expect(router.state.location.search).toEqual({ since: "now-1h" }));
    expect(screen.getAllByRole("button", { name: "last hour" }).at(0)?.getAttribute("aria-haspopup")).toBe("dialog");
  });

  test("what is no time is told beside its box, and changes nothing", async () => {
    const router = await at("/queues", <TimeRange />);
    enter("From", "yesterday");
    expect(screen.getByText(/^Write 2026/)).toBeDefined();
    expect(router.state.location.search).toEqual({});
  });

  test("as of a time is told, with the range beside it, and left by one button", async () => {
    const router = await at("/queues?since=now-1h", <><TimeRange /><AsOf shows="now" what="the list" /></>);
    enter("The system as of", "2026-01-02T10:00:00Z");
    await waitFor(() => expect(router.state.location.search).toEqual({ since: "now-1h", at: "2026-01-02T10:00:00Z" }));
    expect(screen.getByText(/^as of 2026-01-02 .*, last hour$/)).toBeDefined();
    const told = within(screen.getByRole("status"));
    expect(screen.getByRole("status").textContent).toMatch(/^The list is shown as of now, not as of 2026-01-02/);
    await userEvent.click(told.getByRole("button", { name: "Back to now" }));
    await waitFor(() => expect(router.state.location.search).toEqual({ since: "now-1h" }));
  });
});

const problem = (status: number, detail: string) => Response.json({ title: "No", detail }, { status });

function Frame() {
  const { data } = useQuery(sessionQuery());
  return data?.who ? <p>the screens</p> : <Login />;
}

describe("the login", () => {
  test.each([[401, "This key is not known, or revoked."], [429, "Too many wrong keys came from ::1; try again in 42 s."]])("says why it is refused, for status %i", async (status, detail) => {
    asked.now = () => problem(status, detail);
    await at("/", <Login />);
    await userEvent.type(screen.getByLabelText("API key"), "wrong{Enter}");
    expect((await screen.findByText(detail)).getAttribute("role")).toBe("alert");
    expect(screen.getByLabelText("API key").getAttribute("aria-invalid")).toBe("true");
  });

  test("gives way to the screens once the key was right", async () => {
    const session = { key_needed: true, who: { by: "root", scopes: [] }, ends_at: null };
    const queries = queriesWith();
    queries.setQueryData(sessionQuery().queryKey, { ...session, who: null });
    asked.now = () => Response.json(session);
    render(<QueryClientProvider client={queries}><Frame /></QueryClientProvider>);
    await userEvent.type(screen.getByLabelText("API key"), "a-key{Enter}");
    expect(await screen.findByText("the screens")).toBeDefined();
  });

  test("sends the key once, in the body alone, without the spaces around it", async () => {
    const sent: Request[] = [];
    asked.now = (request) => {
      sent.push(request);
      return Response.json({ key_needed: true, who: { by: "root", scopes: [] }, ends_at: null });
    };
    await at("/", <Login />);
    await userEvent.type(screen.getByLabelText("API key"), " a-key {Enter}");
    await waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]?.url).toMatch(/\/api\/v1\/session$/);
    expect(await sent[0]?.json()).toEqual({ key: "a-key" });
    expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain("a-key");
  });
});

type Row = { name: string; size: number };
const ROWS: Row[] = [{ name: "b", size: 2 }, { name: "a10", size: 1 }, { name: "a9", size: 3 }];
const COLUMNS: Column<Row>[] = [
  { key: "name", head: "Name", by: (row) => row.name, cell: (row) => row.name },
  { key: "size", head: "Size", number: true, by: (row) => row.size, cell: (row) => row.size },
];
const names = () => screen.getAllByRole("row").slice(1).map((each) => each.firstChild?.textContent);

describe("a table", () => {
  test("sorts by a head, numbers from the largest on, text as people count, and back", async () => {
    render(<Table caption="t" columns={COLUMNS} rows={ROWS} rowKey={(row) => row.name} />);
    expect(names()).toEqual(["b", "a10", "a9"]);
    await userEvent.click(screen.getByRole("button", { name: /Size/ }));
    expect(names()).toEqual(["a9", "b", "a10"]);
    expect(screen.getByRole("columnheader", { name: /Size/ }).getAttribute("aria-sort")).toBe("descending");
    await userEvent.click(screen.getByRole("button", { name: /Name/ }));
    expect(names()).toEqual(["a9", "a10", "b"]);
    await userEvent.click(screen.getByRole("button", { name: /Name/ }));
    expect(names()).toEqual(["b", "a10", "a9"]);
  });

  test("j and k move through rows that can be opened, Enter and a click open, a link in a row is its own", async () => {
    const open = vi.fn();
    render(<Table caption="t" columns={[...COLUMNS, { key: "l", head: "L", cell: () => <a href="#x">link</a> }]} rows={ROWS} rowKey={(row) => row.name} onOpen={open} />);
    await userEvent.keyboard("jjk{Enter}");
    expect(open.mock.lastCall).toEqual([ROWS[0]]);
    await userEvent.click(screen.getByText("a9"));
    expect(open.mock.lastCall).toEqual([ROWS[2]]);
    await userEvent.click(screen.getAllByText("link")[0] as HTMLElement);
    expect(open).toHaveBeenCalledTimes(2);
  });
});

function Opened({ onClose }: { onClose: () => void }) {
  const [open, setOpen] = useState(true);
  return <Dialog title="Revoke" open={open} onClose={() => { setOpen(false); onClose(); }}>sure?</Dialog>;
}

describe("a dialog", () => {
  test("is left by its button and by a click beside it, not by one in it, and holds nothing while closed", async () => {
    const left = vi.fn();
    render(<Opened onClose={left} />);
    await userEvent.click(screen.getByText("sure?"));
    expect(left).not.toHaveBeenCalled();
    fireEvent.click(screen.getByRole("dialog", { hidden: true }));
    expect(left).toHaveBeenCalledTimes(1);
    expect(screen.queryByText("sure?")).toBeNull();
  });
});
