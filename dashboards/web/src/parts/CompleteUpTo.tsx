// Up to when what is shown is complete, and why not up to now.
import type { Complete } from "@/model/capture";
import { Time } from "./Time";

export function CompleteUpTo({ at, why }: Complete) {
  return (
    <>
      Complete up to <Time at={at} digits={0} />: {why}.
    </>
  );
}
