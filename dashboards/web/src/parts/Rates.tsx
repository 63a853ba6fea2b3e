// How much went through a node over time, and for a queue how much waited in it. The chart is fetched when it is first shown.
import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { asking } from "@/api/asking";
import { client } from "@/api/client";
import { useRefresh } from "@/app/preferences";
import { depthsOver, type RateNames, ratesOver } from "@/model/chart";
import css from "./Rates.module.css";
import { Asking, Failed } from "./Nothing";
import { TimeAgo } from "./Time";

const Chart = lazy(() => import("./Chart"));

export const ratesQuery = (about: string, since: string | undefined, until: string | undefined, refreshMs: number | false) =>
  asking(["rates", about, since, until], (signal) => client.GET("/api/v1/rates", { params: { query: { about, since, until } }, signal }), refreshMs);

const NAMES: Record<string, RateNames> = {
  service: { published: "published", delivered: "given to it" },
  queue: { published: "came in", delivered: "delivered" },
  exchange: { published: "published", delivered: null },
};

export function Rates({ about }: { about: string }) {
  const { since, until } = useSearch({ from: "__root__" });
  const refresh = useRefresh();
  const { data, error, refetch } = useQuery(ratesQuery(about, since, until, refresh));
  // The charts are drawn again for new numbers, not as the present moves.
  const rates = useMemo(() => data && ratesOver(data, NAMES[about.split(":")[0] ?? ""]), [data, about]);
  const depths = useMemo(() => (data && about.startsWith("queue:") ? depthsOver(data) : undefined), [data, about]);
  if (error && !data) return <Failed error={error} again={() => void refetch()} />;
  if (!data || !rates) return <Asking />;
  return (
    <Suspense fallback={<Asking />}>
      <div className={css.charts}>
        <Chart title="Rates" data={rates} unit="per second" />
        {depths ? <Chart title="Depth" data={depths} unit="messages" empty="The broker's depth of this queue was not sampled in this time." /> : null}
      </div>
      {data.complete_since ? (
        <p className="quiet">
          Complete since <TimeAgo at={data.complete_since} />.
        </p>
      ) : null}
    </Suspense>
  );
}
