// The state of a retry: its word, with a colour where somebody has to look.
import type { Schemas } from "@/api/client";
import { asks } from "@/model/retry";

const SHADE: Record<Schemas["RetryOut"]["state"], string> = {
  planning: "var(--text-2)", running: "var(--waiting)", paused: "var(--redelivered)", cancelling: "var(--redelivered)", done: "var(--delivered)", cancelled: "var(--gone)", failed: "var(--dead-lettered)",
};

export function RetryState({ retry }: { retry: Pick<Schemas["RetryOut"], "state" | "why"> }) {
  return <span style={{ color: SHADE[retry.state] }}>{asks(retry) ? "paused, and asks" : retry.state}</span>;
}
