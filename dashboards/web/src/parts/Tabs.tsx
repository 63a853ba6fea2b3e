// Tabs that stand in the address: each is a link, so that back, reload and sharing keep the one that is open.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import css from "./Tabs.module.css";

export type Tab = { value: string; name: ReactNode };

/** The first of *tabs* is the one without a value in the address, under the parameter *name*. */
export function Tabs({ label, name, tabs, open }: { label: string; name: string; tabs: readonly Tab[]; open: string }) {
  return (
    <nav className={css.tabs} aria-label={label}>
      {tabs.map((tab, at) => (
        <Link
          key={tab.value}
          to="."
          replace
          activeOptions={{ exact: true }}
          search={(before: Record<string, unknown>) => ({ ...before, [name]: at === 0 ? undefined : tab.value })}
          className={tab.value === open ? `${css.tab} ${css.open}` : css.tab}
          aria-current={tab.value === open ? "true" : undefined}
        >
          {tab.name}
        </Link>
      ))}
    </nav>
  );
}
