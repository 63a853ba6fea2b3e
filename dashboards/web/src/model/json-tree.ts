// A JSON value as the lines of a tree that folds: only what is open becomes lines, so that a large body costs what is looked at.

export type Kind = "object" | "array" | "string" | "number" | "boolean" | "null";

export type Line = {
  /** The way to the value, as a JSON pointer; "" for the whole. */
  path: string;
  depth: number;
  /** The key or index in what holds it; null for the whole. */
  key: string | null;
  kind: Kind;
  /** The value in one line: text in quotes, a number, or what is folded in it. */
  text: string;
  /** Whether it can be opened: it holds something, or is a long text. */
  folds: boolean;
  open: boolean;
  /** How many values it holds that are left out; above 0 only on a line that stands for them. */
  more: number;
};

export const CHILDREN_MAX = 200;
export const LINES_MAX = 2000;
const TEXT_CHARS = 160;
const PREVIEW_CHARS = 60;
const OPEN_AT_FIRST = 60;

export function kindOf(value: unknown): Kind {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean" ? type : "object";
}

function entries(value: unknown): [string, unknown][] {
  if (Array.isArray(value)) return value.map((item, at) => [String(at), item]);
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

function size(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}

/** Return whether some whole number in *value* has more digits than JavaScript holds, so that its last ones are lost. */
export function isRounded(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === "object" && value !== null && Object.values(value).some(isRounded);
}

/** Return *path* with one more step. */
export function step(path: string, key: string): string {
  return `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Return the path of what holds *path*; null for the whole. */
export function holder(path: string): string | null {
  return path === "" ? null : path.slice(0, path.lastIndexOf("/"));
}

/** Return what is open at first: from the outside in, as long as it stays a screenful. */
export function openAtFirst(value: unknown): Set<string> {
  const open = new Set<string>();
  let lines = 1;
  let level: [string, unknown][] = [["", value]];
  while (level.length > 0) {
    const next: [string, unknown][] = [];
    for (const [path, each] of level) {
      const inside = size(each);
      if (inside === 0 || (path !== "" && lines + inside > OPEN_AT_FIRST)) continue;
      open.add(path);
      lines += Math.min(inside, CHILDREN_MAX);
      for (const [key, child] of entries(each).slice(0, CHILDREN_MAX)) next.push([step(path, key), child]);
    }
    level = next;
  }
  return open;
}

/** Return all paths of *value* that can be opened, as far as they make LINES_MAX lines. */
export function openAll(value: unknown): Set<string> {
  const open = new Set<string>();
  let lines = 1;
  const visit = (path: string, each: unknown): void => {
    if (size(each) === 0 || lines >= LINES_MAX) return;
    open.add(path);
    lines += Math.min(size(each), CHILDREN_MAX);
    for (const [key, child] of entries(each).slice(0, CHILDREN_MAX)) visit(step(path, key), child);
  };
  visit("", value);
  return open;
}

/** Return the lines to show of *value* with the paths in *open* opened; *all* holds those of which every child is shown. */
export function linesOf(value: unknown, open: ReadonlySet<string>, all: ReadonlySet<string> = new Set()): Line[] {
  const lines: Line[] = [];
  const visit = (path: string, key: string | null, each: unknown, depth: number): void => {
    if (lines.length >= LINES_MAX) return;
    const kind = kindOf(each);
    const long = kind === "string" && written(each).length > TEXT_CHARS;
    const folds = size(each) > 0 || long;
    const isOpen = folds && open.has(path);
    lines.push({ path, depth, key, kind, text: textOf(each, kind, isOpen), folds, open: isOpen, more: 0 });
    if (!isOpen || long) return;
    const inside = entries(each);
    const told = all.has(path) ? inside : inside.slice(0, CHILDREN_MAX);
    for (const [name, child] of told) visit(step(path, name), name, child, depth + 1);
    const more = inside.length - told.length;
    if (more > 0) lines.push({ path: `${path}/…`, depth: depth + 1, key: null, kind: "null", text: "", folds: false, open: false, more });
  };
  visit("", null, value, 0);
  return lines;
}

function written(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}

function textOf(value: unknown, kind: Kind, open: boolean): string {
  if (kind === "array") return open ? `${size(value)}` : preview(value, "[", "]");
  if (kind === "object") return open ? `${size(value)}` : preview(value, "{", "}");
  const text = written(value);
  return open || text.length <= TEXT_CHARS ? text : `${text.slice(0, TEXT_CHARS)}…`;
}

function preview(value: unknown, begin: string, end: string): string {
  const told: string[] = [];
  let chars = 0;
  const inside = entries(value);
  for (const [key, child] of inside) {
    const kind = kindOf(child);
    const each = kind === "object" ? "{…}" : kind === "array" ? "[…]" : written(child).slice(0, 24);
    const text = Array.isArray(value) ? each : `${key}: ${each}`;
    if (chars + text.length > PREVIEW_CHARS) break;
    told.push(text);
    chars += text.length;
  }
  const rest = inside.length - told.length;
  return `${begin}${told.join(", ")}${rest > 0 ? `${told.length > 0 ? ", " : ""}… ${rest} more` : ""}${end}`;
}
