// What the key in use may do: an action without its scope is shown as such, with the scope that it needs.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { sessionQuery } from "@/api/shared";
import css from "./Allowed.module.css";

export type Scope = Schemas["AccessOut"]["scopes"][number];

/** Return whether the key has *scope*; undefined until that is known. */
export function useMay(scope: Scope): boolean | undefined {
  const { data } = useQuery(sessionQuery());
  return data?.who?.scopes.includes(scope);
}

/** *children* for whom *scope* is open; for all others what it is, and what it needs. */
export function Allowed({ scope, what, children }: { scope: Scope; what: string; children: ReactNode }) {
  const may = useMay(scope);
  if (may === undefined) return null;
  if (may) return children;
  const also = scope === "edit" ? " and HOPTRAIL_EDIT=on" : "";
  return (
    <span className={css.needs}>
      {what} needs a key with the scope <code>{scope}</code>{also}
    </span>
  );
}
