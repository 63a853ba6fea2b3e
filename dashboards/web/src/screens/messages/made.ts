// Rows for the tests of this folder.
import type { State } from "@/model/state";
import type { Row } from "./rows";

/** Return a row published at *clock* of one day; by default its position is the number in its uid. */
export function row(uid: string, clock = "10:00:00", state: State = "delivered", position = Number(/\d+$/.exec(uid)?.[0] ?? 0)): Row {
  return {
    uid, position, state, at: `2026-01-02T${clock}.000000000Z`, observed: true, vhost: "/", exchange: "images", routingKeys: "raw", type: "image",
    route: [{ kind: "publisher", text: "uploader", names: ["uploader"] }, { kind: "exchange", text: "images:raw", names: ["images"] }, { kind: "queue", text: "normalize", names: ["normalize"] }],
    latencyMs: 1.5, endToEndMs: null, size: 12, rounds: 0, messageId: "", correlationId: "", traceId: "", error: "",
    line: { field: null, pieces: [{ text: "<script>alert(1)</script>", marked: false }], quiet: false },
  };
}
