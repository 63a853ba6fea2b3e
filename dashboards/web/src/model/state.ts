// The states of a message and of a copy: their words, and what each of them says.

export const STATES = ["delivered", "settled", "waiting", "redelivered", "dead-lettered", "unroutable", "gone", "unknown"] as const;
export type State = (typeof STATES)[number];
export type Shade = State | "not-captured";

export const MEANING: Record<Shade, string> = {
  delivered: "handed to a consumer",
  settled: "delivered, and believed to be worked off",
  waiting: "believed to wait in a queue",
  redelivered: "handed to a consumer more than once",
  "dead-lettered": "rejected, expired or pushed out of its queue",
  unroutable: "no queue got it",
  gone: "no longer in its queue, and no delivery was seen",
  unknown: "nothing tells",
  "not-captured": "nothing was captured then, which does not mean that nothing happened",
};
