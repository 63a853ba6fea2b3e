// Why nothing is known under a name: none was ever seen, or retention may have removed what was.
import type { Problem } from "@/api/client";
import { Time } from "./Time";

/** *never* says what it means that none was ever seen. */
export function NotKnown({ problem, never }: { problem: Problem; never: string }) {
  const keptFrom = problem.body["kept_from"];
  if (typeof keptFrom !== "string") return never;
  return (
    <>
      It is not known, or was removed by retention before <Time at={keptFrom} digits={0} />. What was observed from then on is kept.
    </>
  );
}
