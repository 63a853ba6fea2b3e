// A line of the picture: as wide as its rate, red for the share that fails, dashed while it is not used, dotted when it is gone.
import { memo } from "react";
import { failing, type Use } from "@/model/edges";
import { serviceColour } from "@/model/colour";
import type { ShownEdge } from "./fold";
import type { Line } from "./layout";
import { pathOf } from "./layout/route";
import { widthOf } from "./look";
import css from "./Picture.module.css";
import type { Change } from "./view";

type Props = {
  line: Line;
  edge: ShownEdge;
  label: string;
  use: Use;
  /** Whether it is drawn thinner, among many. */
  thin: boolean;
  change: Change | undefined;
  lit: boolean;
  chosen: boolean;
  stop: boolean;
};

/** A share below this is drawn as large as this, so that it can be seen. */
const SHARE_LEAST = 0.06;
const THIN = 0.5;
const SERVICE = "service:";

/** Return the colour of an edge: that of its service, of dead letters, or of the page's lines. */
export function colourOf(edge: Pick<ShownEdge, "from" | "to" | "kind">, use: Use): string {
  if (use === "gone") return "var(--gone)";
  if (edge.kind === "dead-letter") return "var(--dead-lettered)";
  const service = [edge.from, edge.to].find((id) => id.startsWith(SERVICE));
  return service ? serviceColour(service.slice(SERVICE.length)) : "var(--line-strong)";
}

export const EdgeLine = memo(function EdgeLine({ line, edge, label, use, thin, change, lit, chosen, stop }: Props) {
  const path = pathOf(line);
  const width = widthOf(edge.rate_per_s) * (thin ? THIN : 1);
  const share = failing(edge)?.share ?? 0;
  const red = share > 0 ? Math.max(SHARE_LEAST, share) * 100 : 0;
  const names = [css.edge, css[use], lit && css.lit, chosen && css.chosen, change && css[change]].filter((name) => typeof name === "string");
  return (
    <g className={names.join(" ")} role="button" aria-label={label} aria-pressed={chosen} tabIndex={stop ? 0 : -1} data-stop={`line ${line.edge}`} data-edge={edge.key}>
      <path className={css.hit} d={path} />
      <path className={css.line} d={path} stroke={colourOf(edge, use)} strokeWidth={width} markerEnd={line.direction === "forward" || (thin && !lit) ? undefined : "url(#arrow)"} />
      {red > 0 ? <path className={css.failing} d={path} pathLength={100} strokeWidth={Math.max(thin ? 1.5 : 2, width)} strokeDasharray={`${red} 100`} strokeDashoffset={red - 100} /> : null}
    </g>
  );
});
