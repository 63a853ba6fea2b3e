// The line above the list: how many there are, in which states, as of when, and what can be set.
import { count, total } from "@/model/numbers";
import type { Shade } from "@/model/state";
import { State } from "@/parts/State";
import type { ReactNode } from "react";
import css from "./Messages.module.css";
import type { TailState } from "./useTail";

/** With more states there is no room for their words; these stand in the list of values, and are told to who listens. */
const WORDS_MAX = 6;

type Props = { total: number | undefined; totalIs: "exact" | "at_least"; states: readonly [Shade, number][]; gaps: number; isLive: boolean; children: ReactNode };

/** With *isLive* the total moves by itself, and is not read out each time. */
export function Bar({ total: found, totalIs, states, gaps, isLive, children }: Props) {
  return (
    <header className={css.bar}>
      <h1 className={css.title}>Messages</h1>
      <p className={css.total} aria-live={isLive ? "off" : "polite"}>
        {found === undefined ? "" : total(found, totalIs)}
      </p>
      <ul className={states.length + (gaps > 0 ? 1 : 0) > WORDS_MAX ? `${css.legend} ${css.short}` : css.legend} aria-label="States of the messages in the histogram">
        {states.map(([state, sum]) => (
          <li key={state}>
            <State state={state} /> <span className={css.sum}>{count(sum)}</span>
          </li>
        ))}
        {gaps > 0 ? (
          <li>
            <State state="not-captured" /> <span className={css.sum}>{gaps === 1 ? "1 gap" : `${count(gaps)} gaps`}</span>
          </li>
        ) : null}
      </ul>
      <div className={css.tools}>{children}</div>
    </header>
  );
}

type LiveProps = { on: boolean; refused: string | null; state: TailState; paused: boolean; held: boolean; onToggle: () => void; onHold: () => void };

const SAID: Record<TailState, string> = { connecting: "Live: connecting", following: "Live", broken: "Live: connecting again" };

/** The switch of the live tail, and its pause. */
export function Live({ on, refused, state, paused, held, onToggle, onHold }: LiveProps) {
  return (
    <>
      <button type="button" className={on ? `${css.live} ${css.on}` : css.live} aria-pressed={on} disabled={refused !== null && !on} title={refused ?? "New messages appear as they are published (l)"} onClick={onToggle}>
        <span className={on && state === "following" && !paused ? css.dotOn : css.dot} aria-hidden="true" />
        {!on ? "Live" : paused && state === "following" ? "Live: paused" : SAID[state]}
      </button>
      {on ? (
        <button type="button" className={css.live} aria-pressed={held} title="Hold what comes back until it is shown (p)" onClick={onHold}>
          {held ? "Go on" : "Pause"}
        </button>
      ) : null}
    </>
  );
}
