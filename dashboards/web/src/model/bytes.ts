// The bytes of a body: from base64, as a page of hex, and what kind of picture they are by their first bytes.

export const LINE_BYTES = 16;
export const PAGE_LINES = 32;
export const PAGE_BYTES = LINE_BYTES * PAGE_LINES;

export type HexLine = { offset: string; hex: string; text: string };

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at += 1) bytes[at] = raw.charCodeAt(at);
  return bytes;
}

export function pagesOf(length: number): number {
  return Math.max(1, Math.ceil(length / PAGE_BYTES));
}

/** Return one page (from 1) of *bytes*: offset, 16 bytes in hex in two halves, and what is printable of them. */
export function hexPage(bytes: Uint8Array, page: number): HexLine[] {
  const lines: HexLine[] = [];
  const begin = (page - 1) * PAGE_BYTES;
  for (let at = begin; at < Math.min(begin + PAGE_BYTES, bytes.length); at += LINE_BYTES) {
    const line = bytes.subarray(at, at + LINE_BYTES);
    const pairs = Array.from(line, (byte) => byte.toString(16).padStart(2, "0"));
    lines.push({
      offset: at.toString(16).padStart(8, "0"),
      hex: [pairs.slice(0, 8).join(" "), pairs.slice(8).join(" ")].join("  ").trimEnd(),
      text: Array.from(line, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join(""),
    });
  }
  return lines;
}

/** Return the type of a picture of pixels, which cannot carry script, by its first bytes; null for everything else, SVG too. */
export function rasterType(bytes: Uint8Array): string | null {
  const begins = (...wanted: number[]): boolean => wanted.every((byte, at) => bytes[at] === byte);
  const letters = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));
  if (begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return "image/png";
  if (begins(0xff, 0xd8, 0xff)) return "image/jpeg";
  if (/^GIF8[79]a$/.test(letters(0, 6))) return "image/gif";
  if (letters(0, 4) === "RIFF" && letters(8, 12) === "WEBP") return "image/webp";
  return /^ftypavi[fs]$/.test(letters(4, 12)) ? "image/avif" : null;
}
