// Ask the collector for something that changes how dead letters or retries stand, and have what shows them asked again.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { told } from "@/api/client";

type Answer<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

export function useDoing<Of, T>(call: (of: Of) => Answer<T>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (of: Of) => told(call(of)),
    onSettled: () => {
      for (const key of ["dead-letters", "retries", "operations"]) void queries.invalidateQueries({ queryKey: [key] });
    },
  });
}
