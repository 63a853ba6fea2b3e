import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, renderHook, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useRef } from "react";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Problem } from "@/api/client";
import { asksWith, refusalIn } from "@/api/refusals";
import { keepSearches } from "@/model/searches";
import { REST_MS } from "./asks";
import { QueryBox } from "./QueryBox";
import { placeOf } from "./Refusal";
import { useSettled } from "./useSettled";

const asked = vi.hoisted(() => {
  const requests: Request[] = [];
  globalThis.fetch = (request) => {
    requests.push(request as Request);
    return new Promise(() => undefined);
  };
  return requests;
});

const FIELDS = {
  items: [
    { name: "queue", is_prefix: false, kind: "keyword", description: "Where it lies.", values: null, counted: true },
    { name: "state", is_prefix: false, kind: "keyword", description: "What became of it.", values: ["delivered", "dead-lettered"], counted: false },
  ],
  headers: [],
};

function Box({ onSearch, inForce = "" }: { onSearch: (q: string) => void; inForce?: string }) {
  return <QueryBox box={useRef<HTMLInputElement>(null)} label="Search" placeholder="" inForce={inForce} describedBy={undefined} onSearch={onSearch} onOpen={() => {}} onTyped={() => {}} />;
}

function show(inForce?: string) {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, retry: false } } });
  queries.setQueryData(["fields"], FIELDS);
  const onSearch = vi.fn();
  render(
    <QueryClientProvider client={queries}>
      <Box onSearch={onSearch} inForce={inForce ?? ""} />
    </QueryClientProvider>,
  );
  return { onSearch, user: userEvent.setup(), box: screen.getByRole<HTMLInputElement>("combobox") };
}

const problem = (more: object) => new Problem(400, { detail: "why", ...more });
const options = () => screen.queryAllByRole("option").map((option) => option.textContent);

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  keepSearches(() => ({ saved: [], recent: [] }));
});

describe("the query box", () => {
  test("completes a field and one of its values by keyboard, and searches", async () => {
    const { user, box, onSearch } = show();
    await user.type(box, "st");
    expect(options()).toEqual(["stateWhat became of it."]);
    await user.keyboard("{Tab}");
    expect(box.value).toBe("state:");
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(box.getAttribute("aria-activedescendant")).toBe(screen.getAllByRole("option")[1]?.id);
    await user.keyboard("{Enter}");
    expect(box.value).toBe("state:dead-lettered ");
    await user.keyboard("{Enter}");
    expect(onSearch).toHaveBeenCalledExactlyOnceWith("state:dead-lettered", undefined);
  });

  test("Escape closes the list and keeps what was typed", async () => {
    const { user, box } = show();
    await user.type(box, "qu");
    expect(box.getAttribute("aria-expanded")).toBe("true");
    await user.keyboard("{Escape}");
    expect(box.getAttribute("aria-expanded")).toBe("false");
    expect(box.value).toBe("qu");
  });

  test("Enter searches for what was typed although something is offered", async () => {
    const { user, box, onSearch } = show();
    await user.type(box, "qu{Enter}");
    expect(onSearch).toHaveBeenCalledExactlyOnceWith("qu", undefined);
  });

  test("an empty box offers the searches of before, saved ones with their range and columns", async () => {
    const view = { since: "now-1h", until: "", cols: "" };
    keepSearches(() => ({ saved: [{ name: "mine", q: "state:gone", view }, { name: "old", q: "type:a" }], recent: ["queue:a"] }));
    const { user, box, onSearch } = show();
    await user.click(box);
    expect(options()).toEqual(["minestate:gone · last hour", "oldtype:a · without a range", "queue:a"]);
    await user.click(screen.getByText("mine"));
    expect(onSearch).toHaveBeenCalledExactlyOnceWith("state:gone", view);
  });

  test("shows the query in force", () => expect(show("a b").box.value).toBe("a b"));
});

const prefixes = () => asked.map((request) => new URL(request.url).searchParams.get("prefix"));

describe("what the query box asks", () => {
  test("values are asked for at once, then when the keys rest; what was asked before is called off", async () => {
    vi.useFakeTimers();
    const { box } = show();
    const type = (value: string) => fireEvent.change(box, { target: { value } });
    type("queue:");
    await act(() => vi.advanceTimersByTimeAsync(REST_MS));
    for (const value of ["queue:o", "queue:or", "queue:ord"]) {
      type(value);
      await act(() => vi.advanceTimersByTimeAsync(REST_MS - 1));
    }
    expect(prefixes()).toEqual([""]);
    await act(() => vi.advanceTimersByTimeAsync(1));
    expect(prefixes()).toEqual(["", "ord"]);
    expect(asked.map((request) => request.signal.aborted)).toEqual([true, false]);
  });

  test("a value counts once it has stayed", () => {
    vi.useFakeTimers();
    const { result, rerender } = renderHook(({ value }) => useSettled(value, REST_MS), { initialProps: { value: "a" } });
    rerender({ value: "b" });
    expect(result.current).toBe("a");
    act(() => vi.advanceTimersByTime(REST_MS));
    expect(result.current).toBe("b");
  });
});

const refused = (q: string, type: string) => {
  const answers = new QueryCache();
  answers.build(new QueryClient(), { queryKey: [q], meta: asksWith(q) }).setState({ error: problem({ type }) });
  return answers;
};

describe("what the API could not understand", () => {
  test("is known from any answer to the query as it was typed", () => {
    const answers = refused("bogus:x", "urn:hoptrail:problem:query-invalid");
    expect(refusalIn(answers, "bogus:x")?.message).toBe("why");
    expect(refusalIn(answers, "other:x")).toBeNull();
  });

  test("is none of its other errors", () => expect(refusalIn(refused("a", "urn:hoptrail:problem:store-unavailable"), "a")).toBeNull());
});

describe("the place of an error", () => {
  test("is counted in code points", () => expect(placeOf("😀 bogus:x", problem({ position: 2, end: 7 }))).toEqual(["😀 ", "bogus", ":x"]));

  test("without an end reaches to the end", () => expect(placeOf("a (b", problem({ position: 2 }))).toEqual(["a ", "(b", ""]));
});
