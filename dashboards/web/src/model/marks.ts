// Cuts a text into marked and unmarked pieces. The API counts characters as Unicode code points, JavaScript as UTF-16 units.

export type Piece = { text: string; marked: boolean };
export type Mark = { start: number; end: number };

/** Return *text* in pieces; marks in order, none within another. */
export function pieces(text: string, marks: readonly Mark[]): Piece[] {
  const points = Array.from(text);
  const cut = (from: number, to: number) => points.slice(from, to).join("");
  const found: Piece[] = [];
  let at = 0;
  for (const mark of marks) {
    if (mark.start > at) found.push({ text: cut(at, mark.start), marked: false });
    found.push({ text: cut(mark.start, mark.end), marked: true });
    at = mark.end;
  }
  if (at < points.length) found.push({ text: cut(at, points.length), marked: false });
  return found.filter((piece) => piece.text !== "");
}
