// What the marks of a view mean, in one line.
import { span } from "@/model/time";
import { count } from "@/model/numbers";
import css from "./Conversation.module.css";
import { SURE } from "./model/words";
import type { Scene } from "./scene";
import type { View } from "./search";

export function Legend({ view, scene, time }: { view: View; scene: Scene; time: boolean }) {
  if (view === "list") return null;
  const { path } = scene;
  return (
    <p className={css.legend}>
      {view === "graph" ? null : (
        <>
          <span>
            <i className={css.waitMark} /> waits in a queue
          </span>
          <span>
            <i className={css.workMark} /> is worked on (an estimate)
          </span>
        </>
      )}
      {scene.gaps.length && view !== "graph" ? (
        <span>
          <i className={css.gapMark} /> not captured
        </span>
      ) : null}
      {view === "sequence" ? <span>○ in a queue, delivered later</span> : null}
      <span>dashed: what caused it is a guess (below {SURE})</span>
      {view === "sequence" && time ? <span>pauses to scale, rows at least one line high; ⋮ a longer pause was cut</span> : null}
      {view === "waterfall" ? (
        <span>
          <i className={css.pathMark} /> critical path: {count(path.chain.length)} {path.chain.length === 1 ? "message" : "messages"}, {span(path.all)}: waited {span(path.waited)}, worked on about {span(path.worked)}
          {path.rest >= 0.01 ? `, not known ${span(path.rest)}` : ""}
        </span>
      ) : null}
    </p>
  );
}
