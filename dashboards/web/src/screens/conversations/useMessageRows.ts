// Rows that are messages, one each: which is looked at, and how keys and clicks move it.
import { type KeyboardEvent, useMemo, useRef } from "react";
import { useShortcut } from "@/app/keys";
import { inSteps } from "./model/scale";
import { NONE } from "./model/tree";
import type { RowsHandle } from "./Rows";
import type { Scene } from "./scene";
import { useRowKeys } from "./useRowKeys";

export function useMessageRows(scene: Scene, order: readonly number[]) {
  const handle = useRef<RowsHandle>(null);
  const tops = useMemo(() => inSteps(new Float64Array(order.length)).tops, [order]);
  const places = useMemo(() => new Map(order.map((index, row) => [index, row])), [order]);
  const current = places.get(scene.selected) ?? NONE;
  const to = (row: number) => scene.select(order[row] ?? NONE);
  const move = (by: number) => {
    to(Math.min(Math.max(current + by, 0), order.length - 1));
    handle.current?.focus();
  };
  useShortcut("j", "Next message", () => move(1));
  useShortcut("k", "Previous message", () => move(-1));
  const keys = useRowKeys({ scene, move });
  const onRow = (row: number, { target }: { target: EventTarget | null }) => {
    if (target instanceof Element && target.closest("[data-fold]")) scene.toggle(order[row] ?? NONE);
    else to(row);
    handle.current?.focus();
  };
  return { handle, tops, current, onRow, onKey: keys as (event: KeyboardEvent) => void };
}
