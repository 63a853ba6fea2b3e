// What the widths, dashes and colours of the picture say.
import { rate } from "@/model/numbers";
import css from "./Legend.module.css";
import { LEGEND_RATES, widthOf } from "./look";

/** *bars* stand for nodes where the picture is too small for boxes. */
export function Legend({ bars }: { bars: boolean }) {
  return (
    <ul className={css.legend} aria-label="Legend">
      {LEGEND_RATES.map((each) => (
        <li key={each}>
          <Sample width={widthOf(each)} /> {rate(each)}
        </li>
      ))}
      <li>
        <Sample width={1.5} dash="6 4" /> declared, not used
      </li>
      <li>
        <Sample width={1.5} dash="1.5 3.5" colour="var(--gone)" /> seen, no longer declared
      </li>
      <li>
        <Sample width={4} red /> share that fails
      </li>
      <li>
        <Sample width={1.5} colour="var(--dead-lettered)" /> dead letters
      </li>
      {bars ? <li>a bar is a node: the longer the busier, a service in its colour</li> : null}
    </ul>
  );
}

function Sample({ width, dash, colour = "var(--line-strong)", red = false }: { width: number; dash?: string; colour?: string; red?: boolean }) {
  return (
    <svg width="28" height="12" aria-hidden="true">
      <path d="M0 6H28" stroke={colour} strokeWidth={width} strokeDasharray={dash} />
      {red ? <path d="M19 6H28" stroke="var(--dead-lettered)" strokeWidth={width} /> : null}
    </svg>
  );
}
