// What can be taken along from a conversation: its address, its messages, and its sequence for a report.
import { colourIndex } from "@/model/colour";
import { fromParam, shown } from "@/model/names";
import { is } from "@/model/query";
import { CopyButton } from "@/parts/CopyButton";
import { Popover } from "@/parts/Popover";
import { Button } from "@/parts/Button";
import { save } from "@/parts/save";
import css from "./Exports.module.css";
import { lifelinesOf } from "./model/lifelines";
import { mermaidOf } from "./model/mermaid";
import { stepsOf } from "./model/steps";
import { type Drawing, type Palette, svgOf } from "./model/svg";
import type { Scene } from "./scene";

function drawing(scene: Scene, queues: boolean): Drawing {
  const { conversation, folded, zone } = scene;
  return { conversation, steps: stepsOf(conversation, folded, !queues), lifelines: lifelinesOf(conversation.messages, queues), times: folded.times, zone };
}

/** Return the colours in force, written out. */
function palette(): Palette {
  const styles = getComputedStyle(document.documentElement);
  const colour = (name: string) => styles.getPropertyValue(`--${name}`).trim();
  return {
    page: colour("page"), text: colour("text"), quiet: colour("text-3"), line: colour("line-strong"), dead: colour("dead-lettered"), unroutable: colour("unroutable"),
    service: (name) => colour(name === null ? "text-3" : `service-${colourIndex(name)}`),
  };
}

export function Exports({ scene, traceId, queues }: { scene: Scene; traceId: string; queues: boolean }) {
  const trace = shown(fromParam(traceId));
  const asked = new URLSearchParams({ q: is("trace_id", trace), format: "jsonl" });
  return (
    <>
      <CopyButton name="Copy link" text={() => globalThis.location.href} />
      <Popover label="Export" button="Export">
        {(close) => (
          <ul className={css.list}>
            <li>
              <a href={`/api/v1/exports/messages?${asked.toString()}`} download={`conversation-${trace}.jsonl`}>
                All messages as JSON lines
              </a>
            </li>
            <li>
              <Button
                onClick={() => {
                  save(svgOf(drawing(scene, queues), palette()), "image/svg+xml", `conversation-${trace}.svg`);
                  close();
                }}
              >
                Sequence as SVG
              </Button>
            </li>
            <li>
              <CopyButton name="Copy sequence as Mermaid" text={() => mermaidOf(drawing(scene, queues))} />
            </li>
          </ul>
        )}
      </Popover>
    </>
  );
}
