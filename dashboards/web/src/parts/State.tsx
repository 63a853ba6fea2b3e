// The state of a message or a copy: a shape, a colour and a word, so that none of them has to be told apart alone.
import { MEANING, type Shade } from "@/model/state";
import css from "./State.module.css";

const SHAPES: Record<Shade, string> = {
  delivered: "M5 1a4 4 0 1 0 .01 0Z",
  settled: "M1 5.2 4 8.2 9 1.8",
  waiting: "M5 1a4 4 0 1 0 .01 0Z",
  redelivered: "M5 1a4 4 0 1 0 .01 0ZM5 3.6a1.4 1.4 0 1 0 .01 0Z",
  "dead-lettered": "M1.5 1.5 8.5 8.5M8.5 1.5 1.5 8.5",
  unroutable: "M1 5h4M7 2.5v5M9 2.5v5",
  gone: "M5 1a4 4 0 1 0 .01 0Z",
  unknown: "M5 4.6a.4.4 0 1 0 .01 0Z",
  "not-captured": "M1 9 9 1M1 5 5 1M5 9 9 5",
};
const FILLED: ReadonlySet<Shade> = new Set(["delivered"]);

export function StateShape({ state }: { state: Shade }) {
  return (
    <svg className={css.shape} viewBox="0 0 10 10" width="10" height="10" aria-hidden="true" style={{ color: `var(--${state})` }}>
      <path d={SHAPES[state]} fill={FILLED.has(state) ? "currentColor" : "none"} stroke="currentColor" strokeWidth="1.5" strokeDasharray={state === "gone" ? "1.5 1.5" : undefined} />
    </svg>
  );
}

export function State({ state }: { state: Shade }) {
  return (
    <span className={css.state} style={{ color: `var(--${state})` }} title={MEANING[state]}>
      <StateShape state={state} />
      {state === "not-captured" ? "not captured" : state}
    </span>
  );
}
