// What can be shown of a body, and what must be said about it. Compressed bodies are unpacked in the browser, up to a limit.
import type { Schemas } from "@/api/client";
import { fromBase64, rasterType } from "./bytes";
import { shown } from "./names";
import { bytes as sized } from "./numbers";
import type { Told } from "./story";

export type Body = Schemas["BodyOut"];

export const VIEWS = ["json", "text", "picture", "hex"] as const;
export type BodyView = (typeof VIEWS)[number];

const UNPACKED_MAX = 8_000_000;
const HEAD_CHARS = 64;
const PACKED: Record<string, CompressionFormat> = { gzip: "gzip", "x-gzip": "gzip", deflate: "deflate" };

/** Return how a body is packed, where the browser can unpack it. */
export function packing(message: Pick<Told, "content_encoding">): CompressionFormat | null {
  return PACKED[shown(message.content_encoding).trim().toLowerCase()] ?? null;
}

/** Return the views that a body has, the most useful first. */
export function viewsOf(message: Told): BodyView[] {
  const { body } = message;
  if (!body || body.left_out !== null) return [];
  if (body.encoding === "json") return ["json", "text", "hex"];
  if (body.encoding === "text") return ["text", "hex"];
  if (packing(message)) return ["text", "hex"];
  return pictureType(body) ? ["picture", "hex"] : ["hex"];
}

/** Return the type of the picture that a body is; null where it is none that is safe to show. */
export function pictureType(body: Body): string | null {
  if (body.encoding !== "base64" || typeof body.value !== "string") return null;
  return rasterType(fromBase64(body.value.slice(0, HEAD_CHARS)));
}

/** Return what must be said about a body before it is shown: why it is not there, or not whole; null for nothing. */
export function saidOf(message: Told): string | null {
  const { body } = message;
  if (!body) return "This message has no body.";
  switch (body.left_out) {
    case "not permitted": return `The body (${sized(body.size)}) is not shown: the key in use needs the scope payload.`;
    case "not retained": return `The body (${sized(body.size)}) is no longer kept: retention has removed it. Headers and facts are still there.`;
    case "large": return `The body (${sized(body.size)}) is too large for a list; the page of the message has it.`;
    default:
      return body.truncated
        ? `Of the body's ${sized(body.size)} only the beginning is in the log (HOPTRAIL_BODY_BYTES_MAX). It cannot be retried from the log; where it still lies in its queue, a retry that removes takes it whole.`
        : null;
  }
}

/** Return *bytes* unpacked, and whether there is more than can be shown.
 *
 * @throws TypeError: they are not packed so.
 */
export async function unpacked(bytes: Uint8Array<ArrayBuffer>, how: CompressionFormat): Promise<{ bytes: Uint8Array; cut: boolean }> {
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  const reader = source.pipeThrough(new DecompressionStream(how)).getReader();
  const found: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { bytes: joined(found, length), cut: false };
    found.push(value);
    length += value.length;
    if (length >= UNPACKED_MAX) {
      await reader.cancel();
      return { bytes: joined(found, length), cut: true };
    }
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
