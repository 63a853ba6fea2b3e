// The causal graph: which message caused which, laid out beside the page and drawn here.
import { useEffect, useMemo, useRef, useState } from "react";
import { useShortcut } from "@/app/keys";
import { serviceColour } from "@/model/colour";
import { shown } from "@/model/names";
import { count } from "@/model/numbers";
import { Button } from "@/parts/Button";
import { Nothing } from "@/parts/Nothing";
import { StateShape } from "@/parts/State";
import css from "./Graph.module.css";
import { drawnOf, type Laid, NODE_HEIGHT, NODE_WIDTH } from "./model/graph";
import { failed } from "./model/light";
import { NONE } from "./model/tree";
import { addressOf, linkWords, routeOf, SURE } from "./model/words";
import type { Scene } from "./scene";

const ZOOMS = [0.25, 0.5, 0.75, 1, 1.5] as const;

export default function Graph({ scene }: { scene: Scene }) {
  const { conversation, folded } = scene;
  const drawn = useMemo(() => drawnOf(conversation, folded), [conversation, folded]);
  const { laid, error } = useLayout(drawn);
  const [zoom, setZoom] = useState(3);
  const order = laid?.nodes.map((node) => node.index) ?? [];
  const move = (by: number) => {
    const at = order.indexOf(scene.selected);
    scene.select(order[Math.min(Math.max(at + by, 0), order.length - 1)] ?? NONE);
  };
  useShortcut("j", "Next message", () => move(1));
  useShortcut("k", "Previous message", () => move(-1));
  if (error) return <Nothing what="The graph could not be laid out." why={error} />;
  if (!laid) return <p role="status">Laying {count(drawn.nodes.length)} messages out …</p>;
  return (
    <div className={css.around}>
      <p className={css.facts}>
        <span>
          {drawn.folded ? `Folded: ${count(drawn.nodes.length)} nodes for ${count(conversation.messages.length)} messages.` : `${count(drawn.nodes.length)} messages.`}
          {drawn.left > 0 ? ` ${count(drawn.nodes.length)} of ${count(drawn.nodes.length + drawn.left)} are drawn, failures and roots first; the waterfall shows all.` : ""}
        </span>
        <span className={css.zoom}>
          <Button aria-label="Smaller" disabled={zoom === 0} onClick={() => setZoom(zoom - 1)}>
            −
          </Button>
          <span className={css.percent}>{(ZOOMS[zoom] ?? 1) * 100} %</span>
          <Button aria-label="Larger" disabled={zoom === ZOOMS.length - 1} onClick={() => setZoom(zoom + 1)}>
            +
          </Button>
        </span>
      </p>
      <Picture scene={scene} laid={laid} zoom={ZOOMS[zoom] ?? 1} />
    </div>
  );
}

function useLayout(drawn: ReturnType<typeof drawnOf>): { laid?: Laid; error?: string } {
  const [state, setState] = useState<{ laid?: Laid; error?: string }>({});
  useEffect(() => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", (event: MessageEvent<Laid>) => setState({ laid: event.data }));
    worker.addEventListener("error", (event) => setState({ error: event.message || "The worker did not start." }));
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin to name
    worker.postMessage({ nodes: drawn.nodes, edges: drawn.edges });
    return () => worker.terminate();
  }, [drawn]);
  return state;
}

function Picture({ scene, laid, zoom }: { scene: Scene; laid: Laid; zoom: number }) {
  const { selected } = scene;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (laid.nodes.some(({ index }) => index === selected)) box.current?.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [selected, laid]);
  const { messages } = scene.conversation;
  return (
    // The box scrolls, and has to be reached by keyboard for that.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div ref={box} className={css.box} role="region" aria-label="Causal graph" tabIndex={0}>
      <div style={{ width: laid.width * zoom, height: laid.height * zoom }}>
        <div className={css.picture} style={{ width: laid.width, height: laid.height, transform: `scale(${zoom})` }}>
          <svg className={css.edges} width={laid.width} height={laid.height} aria-hidden="true">
            {laid.edges.map(({ from, to, points }) => (
              <path key={`${from} ${to}`} className={css.edge} strokeDasharray={(messages[to]?.link?.confidence ?? 1) < SURE ? "5 4" : undefined} d={pathOf(points)} />
            ))}
          </svg>
          {laid.nodes.map(({ index, x, y }, at) => (
            <Node key={index} scene={scene} index={index} x={x} y={y} first={at === 0} />
          ))}
        </div>
      </div>
    </div>
  );
}

function pathOf(points: readonly { x: number; y: number }[]): string {
  return points.map(({ x, y }, at) => `${at ? "L" : "M"}${Math.round(x)} ${Math.round(y)}`).join("");
}

function Node({ scene, index, x, y, first }: { scene: Scene; index: number; x: number; y: number; first: boolean }) {
  const message = scene.conversation.messages[index];
  if (!message) return null;
  const times = scene.folded.shown[index] ? (scene.folded.times[index] ?? 1) : 1;
  const bad = failed(message);
  const selected = scene.selected === index;
  return (
    <button
      type="button"
      className={`${css.node} ${bad ? css.bad : ""} ${scene.found.has(index) ? css.found : ""}`}
      style={{ left: x, top: y, width: NODE_WIDTH, height: NODE_HEIGHT, borderLeftColor: serviceColour(message.publisher) }}
      aria-pressed={selected}
      tabIndex={selected || (first && scene.selected === NONE) ? 0 : -1}
      title={[routeOf(message), message.state, message.link ? linkWords(message.link) : ""].filter(Boolean).join("\n")}
      onClick={() => scene.select(index)}
      onDoubleClick={() => scene.openMessage(index)}
      onKeyDown={(event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        scene.openMessage(index);
      }}
    >
      <span className={css.line}>
        <span className={css.who}>{message.publisher === null ? "not known" : shown(message.publisher)}</span>
        {times > 1 ? <span className={css.times}>× {count(times)}</span> : null}
      </span>
      <span className={css.line}>
        {bad ? <StateShape state={message.state === "unroutable" ? "unroutable" : "dead-lettered"} /> : null}
        <span className={css.address}>{addressOf(message)}</span>
      </span>
    </button>
  );
}
