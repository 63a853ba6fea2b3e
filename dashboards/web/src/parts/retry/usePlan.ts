// The dry run of what is chosen, asked anew whenever something changes, and the start of exactly what was looked at.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { client, Problem, told } from "@/api/client";
import type { Asked, Options } from "@/model/contract";

const SETTLE_MS = 350;

/** Return *value* once it has stayed the same for a moment, so that typing does not plan at every key. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

/** Plan *asked*; null for what cannot be planned yet. `plan` is there only while it is that of what is asked now. */
export function usePlan(asked: Asked | null, options: Options) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const wanted = asked === null ? "" : JSON.stringify(asked);
  const settled = useSettled(wanted);
  const planning = useQuery({
    queryKey: ["plan", settled],
    queryFn: ({ signal }) => told(client.POST("/api/v1/retries/plan", { body: JSON.parse(settled) as Asked, signal })),
    enabled: settled !== "",
    retry: false,
    gcTime: 0,
    staleTime: 0,
    refetchOnWindowFocus: false,
  });
  const fresh = settled === wanted && wanted !== "" && !planning.isFetching;
  const starting = useMutation({
    mutationFn: (digest: string) =>
      told(client.POST("/api/v1/retries", { body: { ...(JSON.parse(wanted) as Asked), plan: digest, rate_per_s: options.ratePerS, batch: options.batch } })),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ["retries"] });
      void queries.invalidateQueries({ queryKey: ["dead-letters"] });
      void navigate({ to: "/retries/$id", params: { id: made.id } });
    },
    onError: (error) => {
      // Another plan now: it is shown, and has to be looked at before it can be started.
      if (error instanceof Problem && error.status === 409) void planning.refetch();
    },
  });
  return {
    plan: fresh ? planning.data : undefined,
    error: fresh ? planning.error : null,
    again: () => void planning.refetch(),
    start: (digest: string) => starting.mutate(digest),
    starting: starting.isPending,
    failed: starting.error,
  };
}
