// `j` and `k` through the lists of a page that is no one table: the focus goes from row to row, on the link that opens it.
import type { RefObject } from "react";
import { useShortcut } from "@/app/keys";

/** Rows are the items and table rows in *within* that hold a link. */
export function useListKeys(within: RefObject<HTMLElement | null>): void {
  const move = (by: number) => {
    const rows = [...(within.current?.querySelectorAll("li, tbody tr") ?? [])].filter((row) => row.querySelector("a"));
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.querySelector("a");
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
  };
  useShortcut("j", "Next row", () => move(1));
  useShortcut("k", "Previous row", () => move(-1));
}
