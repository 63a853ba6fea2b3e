// What the API cannot understand in a query: the query with the place underlined, and why.
import type { Problem } from "@/api/client";
import css from "./QueryBox.module.css";

/** Return the query before, at and behind the place of *problem*, which counts characters as Unicode code points. */
export function placeOf(q: string, problem: Problem): [string, string, string] {
  const points = Array.from(q);
  const position = Number(problem.body["position"] ?? 0);
  const told = problem.body["end"];
  const end = typeof told === "number" && told > position ? told : points.length;
  const cut = (from: number, to?: number) => points.slice(from, to).join("");
  return [cut(0, position), cut(position, end), cut(end)];
}

type Props = { id: string; q: string; problem: Problem; onGo: (at: number) => void };

export function Refusal({ id, q, problem, onGo }: Props) {
  const [before, wrong, behind] = placeOf(q, problem);
  return (
    <div id={id} role="alert" className={css.refusal}>
      <p className={css.why}>{problem.message}</p>
      <button type="button" className={css.place} title="Put the caret there" onClick={() => onGo(before.length)}>
        {before}
        <u className={css.wrong}>{wrong === "" ? " " : wrong}</u>
        {behind}
      </button>
    </div>
  );
}
