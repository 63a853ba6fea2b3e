// How an edge looks: how wide, and where its rate stands. Pure.
import type { Edge } from "@/model/graph";
import { rate } from "@/model/numbers";
import type { Layout } from "./layout";
import type { Point } from "./layout/model";
import { middleOf } from "./layout/route";

const WIDTH_LEAST = 1;
export const WIDTH_MOST = 9;
/** Rates of the legend, each with the width of its line. */
export const LEGEND_RATES = [0.1, 1, 10, 100, 1000] as const;

/** Return the width of a line in px: 1 at up to 0.01/s, and 1.6 more for each tenfold. */
export function widthOf(ratePerS: number | null): number {
  if (!ratePerS || ratePerS <= 0.01) return WIDTH_LEAST;
  return Math.min(WIDTH_MOST, WIDTH_LEAST + 1.6 * (Math.log10(ratePerS) + 2));
}

export type RateLabel = { edge: number; at: Point; text: string };

const LABELS_MOST = 24;
const LABEL = { width: 44, height: 16 };

/** Return labels of the rates of the busiest lines, as many as stand apart from each other. */
export function labelsOf(laid: Layout, edges: readonly Edge[], most = LABELS_MOST): RateLabel[] {
  const wanted = laid.lines
    .map((line) => ({ line, rate: edges[line.edge]?.rate_per_s ?? 0 }))
    .filter((each) => each.rate > 0)
    .toSorted((one, other) => other.rate - one.rate || one.line.edge - other.line.edge);
  const placed: RateLabel[] = [];
  for (const { line, rate: perSecond } of wanted) {
    if (placed.length >= most) break;
    const at = middleOf(line);
    const free = placed.every((other) => Math.abs(other.at.x - at.x) > LABEL.width || Math.abs(other.at.y - at.y) > LABEL.height);
    if (free) placed.push({ edge: line.edge, at, text: rate(Number(perSecond.toPrecision(2))) });
  }
  return placed;
}
