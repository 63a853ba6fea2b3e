// Follows the messages that match a query as they are published and change state, and resumes where it broke off.
import { useEffect, useEffectEvent, useReducer, useState } from "react";
import type { Schemas } from "@/api/client";
import { answers, onceAnswering } from "@/api/contact";
import { rowOf, type Row } from "./rows";
import { type Asked, NO_TAIL, step, type Tail } from "./tail";

const TOGETHER_MS = 150;
const AGAIN_MS = 2000;

export type TailState = "connecting" | "following" | "broken";

type Props = { text: string; on: boolean; position: string | undefined; paused: boolean; asked: Asked };

/** Return what came since *position*, and how the stream is; `show` lets in what waited. It starts when the position is known. */
export function useTail({ text, on, position, paused, asked }: Props): { tail: Tail; state: TailState; behindAt: number | null; show: () => void } {
  const [tail, take] = useReducer(step, NO_TAIL);
  const [state, setState] = useState<TailState>("connecting");
  const [behindAt, setBehindAt] = useState<number | null>(null);
  const came = useEffectEvent((rows: readonly Row[]) => take({ what: "came", rows, paused, asked }));
  const start = useEffectEvent(() => String(Math.max(Number(position ?? 0) - 1, 0)));
  const isKnown = position !== undefined;

  useEffect(() => {
    if (!on || !isKnown) return undefined;
    const close = followed(text, start(), {
      onRows: came,
      onState: setState,
      onBehind: () => {
        setBehindAt(Date.now());
        take({ what: "behind" });
      },
    });
    return () => {
      close();
      setState("connecting");
      setBehindAt(null);
      take({ what: "end" });
    };
  }, [text, on, isKnown]);

  const settle = useEffectEvent((to: number) => take({ what: "asked again", asked, position: to }));
  useEffect(() => {
    if (on && position !== undefined) settle(Number(position));
  }, [position, on]);

  return { tail, state, behindAt, show: () => take({ what: "show" }) };
}

type Listener = { onRows: (rows: readonly Row[]) => void; onState: (state: TailState) => void; onBehind: () => void };

/** Follow the stream until the function that is returned is called. What comes within a moment is told together. */
function followed(text: string, after: string, { onRows, onState, onBehind }: Listener): () => void {
  let source: EventSource | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let stopWaiting: (() => void) | undefined;
  let gathered = new Map<string, Row>();
  let reached = after;
  const hand = () => {
    if (gathered.size === 0) return;
    const rows = [...gathered.values()];
    gathered = new Map();
    onRows(rows);
  };
  const timer = setInterval(hand, TOGETHER_MS);
  const open = () => {
    const asked = new URLSearchParams({ after: reached, ...(text === "" ? null : { q: text }) });
    source = new EventSource(`/api/v1/stream?${asked.toString()}`);
    source.addEventListener("open", () => onState("following"));
    source.addEventListener("message", (event) => {
      const row = rowOf(JSON.parse(event.data) as Schemas["MessageOut"]);
      gathered.set(row.uid, row);
      reached = positionIn(event.lastEventId) ?? reached;
    });
    source.addEventListener("behind", (event) => {
      reached = positionIn((event as MessageEvent<string>).lastEventId) ?? reached;
      onBehind();
    });
    source.addEventListener("error", () => {
      onState("broken");
      // A browser would connect again by itself, and go on trying while hoptrail is away.
      source?.close();
      void answers();
      again = setTimeout(() => {
        stopWaiting = onceAnswering(open);
      }, AGAIN_MS);
    });
  };
  open();
  return () => {
    clearInterval(timer);
    clearTimeout(again);
    stopWaiting?.();
    source?.close();
  };
}

function positionIn(id: string): string | undefined {
  return /(\d+)$/.exec(id)?.[1];
}
