// What is shown, as an SVG picture or in Graphviz' DOT. Pure; every name is escaped.
import { edgeUse, failing, nodeName, nodeUse, type Use } from "@/model/edges";
import { byId } from "@/model/graph";
import { rate } from "@/model/numbers";
import type { ShownEdge, ShownNode } from "./fold";
import { foldedSaid } from "./fold";
import { LANES, type Layout } from "./layout";
import { pathOf } from "./layout/route";
import { labelsOf, widthOf } from "./look";

export type Picture = { laid: Layout; nodes: readonly ShownNode[]; edges: readonly ShownEdge[]; declaredKnown: boolean };

/** Colours for the picture, as CSS writes them. */
export type Palette = { page: string; text: string; quiet: string; line: string; edge: string; failing: string };

const HEAD = 32;
const CHAR = 6.6;
const SPECIAL: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

/** Return *text* as it must stand in XML; what XML cannot hold becomes U+FFFD. */
export function xml(text: string): string {
  const held = Array.from(text, (char) => {
    const code = char.codePointAt(0) ?? 0;
    const allowed = code === 9 || code === 10 || code === 13 || (code >= 0x20 && !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfffe && code !== 0xffff);
    return allowed ? char : "\ufffd";
  }).join("");
  return held.replaceAll(/[&<>"']/g, (char) => SPECIAL[char] ?? char);
}

/** Return *text* as a quoted string of DOT. */
export function dotQuoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll(/\r?\n/g, "\\n")}"`;
}

/** Return *name* cut in its middle to what fits in *width* px. */
export function fitted(name: string, width: number): string {
  const most = Math.max(3, Math.floor(width / CHAR));
  const chars = Array.from(name);
  if (chars.length <= most) return name;
  const head = Math.ceil((most - 1) / 2);
  return `${chars.slice(0, head).join("")}…${chars.slice(chars.length - (most - 1 - head)).join("")}`;
}

const DASHES: Record<Use, string> = { used: "", unused: ' stroke-dasharray="6 4"', gone: ' stroke-dasharray="1.5 3.5"' };

/** Return the picture as a whole SVG document. */
export function toSvg(picture: Picture, palette: Palette): string {
  const { laid, edges } = picture;
  const [width, height] = [laid.width, laid.height + HEAD];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 ${-HEAD} ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect x="0" y="${-HEAD}" width="${width}" height="${height}" fill="${palette.page}"/>`,
    ...laneHeads(laid, palette),
    ...laid.lines.map((line) => svgLine(picture, line, palette)),
    ...laid.items.map((item) => svgNode(picture, item, palette)),
    ...labelsOf(laid, edges).map((label) => svgText(label.at.x, label.at.y + 4, label.text, palette.text, "middle")),
    "</svg>",
    "",
  ].join("\n");
}

function laneHeads(laid: Layout, palette: Palette): string[] {
  return LANES.flatMap((name, lane) => {
    const item = laid.items.find((each) => each.lane === lane);
    return item ? [svgText(item.x, -10, name, palette.quiet, "start")] : [];
  });
}

function svgText(x: number, y: number, text: string, fill: string, anchor: "start" | "middle" | "end"): string {
  return `<text x="${x}" y="${y}" fill="${fill}" text-anchor="${anchor}">${xml(text)}</text>`;
}

function svgLine({ edges, declaredKnown }: Picture, line: Layout["lines"][number], palette: Palette): string {
  const edge = edges[line.edge];
  if (!edge) return "";
  const use = edgeUse(edge, declaredKnown);
  const path = `<path d="${pathOf(line)}" fill="none" pathLength="100"`;
  const width = widthOf(edge.rate_per_s).toFixed(1);
  const share = (failing(edge)?.share ?? 0) * 100;
  const colour = edge.kind === "dead-letter" ? palette.failing : use === "gone" ? palette.quiet : palette.edge;
  const whole = `<path d="${pathOf(line)}" fill="none" stroke="${colour}" stroke-width="${width}"${DASHES[use]}/>`;
  const red = share > 0 ? `${path} stroke="${palette.failing}" stroke-width="${width}" stroke-dasharray="${share.toFixed(1)} 100" stroke-dashoffset="${(share - 100).toFixed(1)}"/>` : "";
  return whole + red;
}

function svgNode({ nodes, declaredKnown }: Picture, item: Layout["items"][number], palette: Palette): string {
  const node = byId(nodes).get(item.id);
  if (!node) return "";
  const round = node.kind === "service" ? item.height / 2 : node.kind === "exchange" ? 0 : 4;
  const box = `<rect x="${item.x}" y="${item.y}" width="${item.width}" height="${item.height}" rx="${round}" fill="${palette.page}" stroke="${palette.line}"${DASHES[nodeUse(node, declaredKnown)]}/>`;
  const inside = item.width - 24;
  const name = svgText(item.x + 12, item.y + (node.folded.length ? 15 : 22), fitted(nodeName(node), inside), palette.text, "start");
  const below = node.folded.length ? svgText(item.x + 12, item.y + 30, fitted(foldedSaid(node), inside), palette.quiet, "start") : "";
  return `<g><title>${xml(nodeName(node))}</title>${box}${name}${below}</g>`;
}

const DOT_SHAPES: Record<string, string> = { service: "box, style=rounded", exchange: "hexagon", queue: "box" };
const DOT_STYLES: Record<Use, string> = { used: "solid", unused: "dashed", gone: "dotted" };

/** Return the picture as a DOT graph, a rank for each lane. */
export function toDot({ laid, nodes, edges, declaredKnown }: Picture): string {
  const known = byId(nodes);
  const ranks = LANES.map((name, lane) => {
    const items = laid.items.filter((item) => item.lane === lane);
    const told = items.map((item) => {
      const node = known.get(item.id);
      return `    ${dotQuoted(item.key)} [label=${dotQuoted(node ? nodeName(node) : item.id)}, shape=${DOT_SHAPES[node?.kind ?? ""] ?? "box"}];`;
    });
    return [`  subgraph ${dotQuoted(name)} {`, "    rank=same;", ...told, "  }"].join("\n");
  });
  const edgesTold = laid.lines.flatMap((line) => {
    const edge = edges[line.edge];
    if (!edge) return [];
    const label = edge.observed ? rate(edge.rate_per_s) : "";
    const isFailing = edge.kind === "dead-letter" || (failing(edge)?.share ?? 0) > 0;
    return [
      `  ${dotQuoted(line.from)} -> ${dotQuoted(line.to)} [label=${dotQuoted(label)}, style=${DOT_STYLES[edgeUse(edge, declaredKnown)]}, penwidth=${widthOf(edge.rate_per_s).toFixed(1)}, tooltip=${dotQuoted(edge.kind)}${isFailing ? ", color=red" : ""}];`,
    ];
  });
  return ["digraph hoptrail {", "  rankdir=LR;", ...ranks, ...edgesTold, "}", ""].join("\n");
}
