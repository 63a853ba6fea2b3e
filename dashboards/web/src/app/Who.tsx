// Who looks at the page, what the key opens, and the way out.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, told } from "@/api/client";
import { sessionQuery } from "@/api/shared";
import { Button } from "@/parts/Button";
import { Time } from "@/parts/Time";

export function Who() {
  const { data } = useQuery(sessionQuery());
  const queries = useQueryClient();
  const leave = useMutation({
    mutationFn: () => told(client.DELETE("/api/v1/session")),
    onSuccess: () => {
      queries.clear();
      location.reload();
    },
  });
  if (!data?.who) return null;
  if (!data.key_needed) return <p className="quiet">No API key is needed here: hoptrail answers only on this machine.</p>;
  return (
    <div>
      <p>
        Signed in as <code>{data.who.by}</code>, allowed: {data.who.scopes.join(", ")}.{" "}
        {data.ends_at ? (
          <span className="quiet">
            Until <Time at={data.ends_at} digits={0} />.
          </span>
        ) : null}
      </p>
      {data.ends_at ? <Button disabled={leave.isPending} onClick={() => leave.mutate()}>Sign out</Button> : null}
      {leave.error ? <p role="alert">{leave.error.message}</p> : null}
    </div>
  );
}
