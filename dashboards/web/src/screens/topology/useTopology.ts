// The topology as of the time in the address: now, and followed, or then; with a comparison to now when it is wanted.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTopologyAt } from "@/api/past";
import { topologyQuery } from "@/api/shared";
import type { Graph } from "@/model/graph";
import type { TopologySearch } from "./search";
import { type Compared, compared } from "./view";

export type Asked = {
  told: Graph | undefined;
  changes: Compared | undefined;
  /** What it rests on, where that has to be said. */
  note: string | null;
  error: Error | null;
  failure: Error | null;
  again: () => void;
};

export function useTopology({ at, compare }: TopologySearch): Asked {
  const asked = useTopologyAt(at);
  const { data: now } = useQuery({ ...topologyQuery(false), enabled: at !== undefined && compare === true });
  const data = asked.data;
  const changes = useMemo(() => (compare && at !== undefined && data && now ? compared(data, now) : undefined), [compare, at, data, now]);
  return { told: changes?.graph ?? data, changes, note: data?.as_of?.note ?? null, error: asked.error, failure: asked.failureReason, again: () => void asked.refetch() };
}
