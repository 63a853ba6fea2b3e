// The choices of a retry: where to, what becomes of the dead letters, how fast.
import type { ReactNode } from "react";
import type { Options } from "@/model/contract";
import css from "./Retry.module.css";

type Props = { options: Options; change: (changed: Partial<Options>) => void; once?: boolean };

const TARGETS: readonly [Options["target"], string][] = [
  ["origin", "the queue each message died in, through the default exchange: no other queue gets it again"],
  ["exchange", "the exchange each message was first published to, with its routing key"],
  ["queue", "a queue of your choice"],
  ["named", "an exchange of your choice"],
];
const REMOVALS: readonly [Options["remove"], string][] = [
  ["none", "leave the dead letters where they lie"],
  ["head", "take them off the head of their queue, up to the first that is not selected"],
  ["drain", "go through their whole queue, and give back what is not selected"],
];

/** *once*: it is about one message, which needs no pace. */
export function RetryOptions({ options, change, once = false }: Props) {
  return (
    <div className={css.options}>
      <Choice legend="Where to" name="target" options={TARGETS} value={options.target} onChange={(target) => change({ target })}>
        {options.target === "queue" ? <Named label="Queue" value={options.queue} onChange={(queue) => change({ queue })} /> : null}
        {options.target === "named" ? (
          <>
            <Named label="Exchange" value={options.named} onChange={(named) => change({ named })} />
            <Named label="Routing key" value={options.routingKey} onChange={(routingKey) => change({ routingKey })} />
          </>
        ) : null}
      </Choice>
      <Choice legend="And the dead letters" name="remove" options={REMOVALS} value={options.remove} onChange={(remove) => change({ remove })} />
      <fieldset className={css.choice}>
        <legend>{once ? "Otherwise" : "How fast"}</legend>
        {once ? null : (
          <>
            <Numbered label="Messages per second at most" value={options.ratePerS} onChange={(ratePerS) => change({ ratePerS })} />
            <Numbered label="Messages at a time" value={options.batch} onChange={(batch) => change({ batch })} />
          </>
        )}
        <label className={css.option}>
          <input type="checkbox" checked={options.again} onChange={(event) => change({ again: event.target.checked })} /> also what a retry published before
        </label>
      </fieldset>
    </div>
  );
}

type ChoiceProps<T extends string> = { legend: string; name: string; options: readonly (readonly [T, string])[]; value: T; onChange: (value: T) => void; children?: ReactNode };

function Choice<T extends string>({ legend, name, options, value, onChange, children }: ChoiceProps<T>) {
  return (
    <fieldset className={css.choice}>
      <legend>{legend}</legend>
      {options.map(([option, text]) => (
        <label key={option} className={css.option}>
          <input type="radio" name={name} checked={option === value} onChange={() => onChange(option)} /> {text}
        </label>
      ))}
      {children}
    </fieldset>
  );
}

function Named({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <label className={css.field}>
      {label}
      <input type="text" value={value} maxLength={255} spellCheck={false} autoComplete="off" onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}

function Numbered({ label, value, onChange }: { label: string; value: number; onChange: (value: number) => void }) {
  return (
    <label className={css.field}>
      {label}
      <input type="number" min="1" value={Number.isNaN(value) ? "" : value} onChange={(event) => onChange(event.target.valueAsNumber)} />
    </label>
  );
}
