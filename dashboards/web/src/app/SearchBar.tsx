// The search of the top bar: a query for messages, from every screen; on the list of messages it is the one in force.
import { useNavigate, useRouterState, useSearch } from "@tanstack/react-router";
import { useRef } from "react";
import { Kept } from "@/parts/query-box/Kept";
import { QueryForm } from "@/parts/query-box/QueryForm";
import { Syntax } from "@/parts/query-box/Syntax";
import { useShortcut } from "./keys";
import { textOf } from "./search";
import css from "./SearchBar.module.css";

export function SearchBar() {
  const navigate = useNavigate();
  const given: Record<string, unknown> = useSearch({ strict: false });
  const isList = useRouterState({ select: (state) => state.location.pathname === "/messages" });
  const view = { since: textOf(given, "since") ?? "", until: textOf(given, "until") ?? "", cols: textOf(given, "cols") ?? "" };
  const box = useRef<HTMLInputElement>(null);
  useShortcut("/", "Search", () => box.current?.select());
  return (
    <search className={css.search}>
      <QueryForm
        box={box}
        label="Search messages"
        placeholder="Search messages: queue:orders AND state:dead-lettered"
        inForce={isList && typeof given["q"] === "string" ? given["q"] : ""}
        onSearch={(q, of) => void navigate({ to: "/messages", search: (before: Record<string, unknown>) => ({ ...(isList ? before : null), ...of, q: q || undefined, sel: undefined }) })}
        onOpen={(uid) => void navigate({ to: "/messages/$uid", params: { uid }, search: {} })}
      >
        {(typed, search) => (
          <>
            <Kept q={typed} view={view} onOpen={search} />
            <Syntax onTry={search} />
          </>
        )}
      </QueryForm>
    </search>
  );
}
