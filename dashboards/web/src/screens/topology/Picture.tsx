// The picture: lanes, nodes and lines, by mouse and by keyboard. It scrolls as any page does; there is one stop for the Tab key in it.
import { type KeyboardEvent, type MouseEvent, type RefObject, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useShortcut } from "@/app/keys";
import { byId } from "@/model/graph";
import { detailOf } from "./detail";
import { Grounds, LaneHeads, Lines, Nodes, useDrawnEdges } from "./Drawing";
import type { Layout } from "./layout";
import { litBy } from "./lit";
import { type Arrow, ARROWS, moved, type Stop, stopKey } from "./moving";
import css from "./Picture.module.css";
import { Readout } from "./Readout";
import type { Chosen } from "./search";
import { useSpan } from "./seen";
import { firstStop, standing, stopOf, targetOf } from "./stops";
import type { Told } from "./told";
import { usePan } from "./usePan";
import { useZoom } from "./useZoom";
import type { Compared, View } from "./view";
import { squeezed } from "./zoom";

type Props = {
  view: View;
  laid: Layout;
  /** What matters about each node, by id. */
  told: ReadonlyMap<string, Told>;
  changes: Pick<Compared, "nodes" | "edges"> | undefined;
  /** What "ago" counts from (ms); the present where it is not given. */
  now: number | undefined;
  chosen: Chosen;
  /** Nodes that are searched for. */
  sought: ReadonlySet<string>;
  /** Percent. */
  scale: number;
  /** How wide it may be, in px. */
  room: number;
  onScale: (scale: number) => void;
  onChoose: (chosen: Chosen) => void;
  onFocusNode: (id: string) => void;
  onFold: (id: string) => void;
};

export const HEADS = 28;
const SAME = 1;
/** As the help shows it; no key is called so. */
const WHEEL = "mod+wheel";

export function Picture({ view, laid: whole, told, changes, now, chosen, sought, scale, room, onScale, onChoose, onFocusNode, onFold }: Props) {
  const board = useRef<HTMLDivElement>(null);
  const { nodes, edges } = view.shown;
  const known = useMemo(() => byId(nodes), [nodes]);
  const [stop, setStop] = useState<Held>();
  const [pointed, setPointed] = useState<Chosen>({});
  const [focused, setFocused] = useState<Chosen>({});
  const factors = useZoom(board, { laid: whole, scale, room, top: HEADS, onScale });
  // While the hand zooms, what was drawn before is stretched; it is drawn anew as soon as there is time.
  const [x, y] = [useDeferredValue(factors.x), useDeferredValue(factors.y)];
  const laid = useMemo(() => squeezed(whole, { x, y }), [whole, x, y]);
  const stretch = y >= SAME ? factors : { x: factors.x / x, y: factors.y / y };
  const detail = detailOf(laid.items[0]?.height ?? 0);
  const at = useMemo(() => standing(laid, stop?.at) ?? firstStop(laid, view.focus), [laid, stop, view.focus]);
  const lit = useMemo(() => litBy(edges, chosen, pointed, focused), [edges, chosen, pointed, focused]);
  const named = useMemo(() => new Set([...sought, ...ids(pointed), ...ids(focused)]), [sought, pointed, focused]);
  const drawn = useDrawnEdges(laid, view, detail);
  const span = useSpan(board, stretch.y);
  useFocusOn(board, stop);
  useScrollTo(board, laid, view.focus, stretch.y);

  const choose = (event: MouseEvent | KeyboardEvent) => {
    const found = targetOf(event.target);
    if (!found) return;
    const same = found.node === chosen.node && found.edge === chosen.edge;
    onChoose(same ? {} : found);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !at) return;
    const target = targetOf(event.target);
    if (!target) return;
    if (ARROWS.has(event.key)) {
      event.preventDefault();
      setStop({ at: moved(laid, at, event.key as Arrow), byKey: true });
    } else if ((event.key === "Enter" || event.key === " ") && target.edge !== undefined) {
      event.preventDefault();
      choose(event);
    }
  };
  useShortcut(WHEEL, "Zoom around the pointer; two fingers do the same", () => undefined);
  useNodeKey("c", "Put the node that has the focus at the centre", onFocusNode);
  useNodeKey("x", "Fold what serves the queue that has the focus, or unfold it", onFold);
  const pan = usePan();
  const same = { laid, view, detail, known, changes, chosen, lit, at, span };
  return (
    <>
      <div ref={board} className={css.board} role="region" aria-label="Picture of the topology" data-detail={detail} data-lit={lit.nodes.size > 0 || undefined}>
        <div
          className={css.ground}
          role="presentation"
          onClick={choose}
          onDoubleClick={(event) => {
            const found = targetOf(event.target);
            if (found?.node !== undefined) onFocusNode(found.node);
          }}
          onKeyDown={onKeyDown}
          onFocus={(event) => {
            const found = stopOf(event.target, laid, at);
            if (found) setStop({ at: found, byKey: false });
            // A click leads the focus too, but where the mouse goes on to says what is looked at.
            setFocused((event.target.matches(":focus-visible") ? targetOf(event.target) : undefined) ?? {});
          }}
          onBlur={() => setFocused({})}
          onPointerOver={(event) => setPointed((before) => kept(before, targetOf(event.target)))}
          onPointerLeave={() => setPointed({})}
          {...pan}
        >
          <LaneHeads laid={laid} factor={stretch.x} height={HEADS} />
          <div className={css.canvas} style={{ width: laid.width * stretch.x, height: laid.height * stretch.y }}>
            <div className={css.canvas} style={{ width: laid.width, height: laid.height, transform: stretch.x === SAME && stretch.y === SAME ? undefined : `scale(${stretch.x}, ${stretch.y})` }}>
              {detail === "bar" ? <Grounds laid={laid} /> : null}
              <Lines {...same} drawn={drawn} />
              <Nodes {...same} told={told} sought={named} />
            </div>
          </div>
        </div>
      </div>
      <Readout of={pointed.node ?? pointed.edge ? pointed : (focused.node ?? focused.edge) ? focused : chosen} nodes={known} told={told} edges={edges} drawn={drawn?.size} declaredKnown={view.declaredKnown} now={now} />
    </>
  );
}

/** Return *next*, or *before* if that is the same, so that nothing is drawn again. */
function kept(before: Chosen, next: Chosen = {}): Chosen {
  return before.node === next.node && before.edge === next.edge ? before : next;
}

function ids({ node }: Chosen): string[] {
  return node === undefined ? [] : [node];
}

function useNodeKey(key: string, what: string, run: (id: string) => void): void {
  useShortcut(key, what, () => {
    const id = targetOf(document.activeElement)?.node;
    if (id !== undefined) run(id);
  });
}

/** The stop of the Tab key; one that the keyboard led to takes the focus. */
type Held = { at: Stop; byKey: boolean };

function useFocusOn(board: RefObject<HTMLDivElement | null>, stop: Held | undefined): void {
  useEffect(() => {
    if (!stop?.byKey) return;
    const element = board.current?.querySelector<HTMLElement>(`[data-stop="${CSS.escape(stopKey(stop.at))}"]`);
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [board, stop]);
}

/** Bring the node that the picture is about into the middle of the view when it becomes another. */
function useScrollTo(board: RefObject<HTMLDivElement | null>, laid: Layout, id: string | undefined, factor: number): void {
  const done = useRef<string>(undefined);
  useEffect(() => {
    if (done.current === id) return;
    done.current = id;
    const item = laid.items.find((each) => each.id === id);
    if (item) board.current?.scrollTo({ top: (item.y + item.height / 2) * factor - board.current.clientHeight / 2 });
  }, [board, laid, id, factor]);
}
