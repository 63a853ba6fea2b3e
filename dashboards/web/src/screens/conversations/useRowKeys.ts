// What keys do on a row: arrows move, Home and End go to the ends, → opens a group of repeats and ← folds it, Enter opens the message.
import type { KeyboardEvent } from "react";
import { NONE } from "./model/tree";
import type { Scene } from "./scene";

const PAGE_ROWS = 20;

type Keys = { scene: Scene; move: (by: number) => void };

export function useRowKeys({ scene, move }: Keys): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (DOES[event.key]?.({ scene, move })) event.preventDefault();
  };
}

const moving = (by: number) => ({ move }: Keys): true => {
  move(by);
  return true;
};

const DOES: Record<string, (keys: Keys) => boolean> = {
  ArrowDown: moving(1),
  ArrowUp: moving(-1),
  PageDown: moving(PAGE_ROWS),
  PageUp: moving(-PAGE_ROWS),
  Home: moving(Number.NEGATIVE_INFINITY),
  End: moving(Number.POSITIVE_INFINITY),
  Enter: ({ scene }) => {
    if (scene.selected !== NONE) scene.openMessage(scene.selected);
    return scene.selected !== NONE;
  },
  ArrowRight: ({ scene }) => turn(scene, true),
  ArrowLeft: ({ scene }) => turn(scene, false),
};

function turn(scene: Scene, open: boolean): boolean {
  const { folded, selected } = scene;
  if (!folded.groups.has(selected)) return false;
  if (((folded.times[selected] ?? 1) > 1) === open) scene.toggle(selected);
  return true;
}
