// How sure a conclusion is, from 0 (a guess) to 1 (certain): always the number, and a word for it in the title.
import css from "./Confidence.module.css";

/** Return the word for a confidence, as links are drawn: stated from 0.8 on, a guess below. */
export function sureness(confidence: number): string {
  if (confidence >= 0.95) return "sure";
  return confidence >= 0.8 ? "stated" : "a guess";
}

export function Confidence({ of }: { of: number }) {
  return (
    <span className={of < 0.8 ? `${css.confidence} ${css.guess}` : css.confidence} title={`${sureness(of)}: ${of} of 1`}>
      {of.toFixed(2)}
      {of < 0.8 ? " a guess" : ""}
    </span>
  );
}
