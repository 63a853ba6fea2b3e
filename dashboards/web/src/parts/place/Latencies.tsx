// How long messages waited and were worked on at a node, by the edge they came by: medians and the slow ends.
import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { asking } from "@/api/asking";
import { client, type Schemas } from "@/api/client";
import { useRefresh } from "@/app/preferences";
import { shown } from "@/model/names";
import { count } from "@/model/numbers";
import { span } from "@/model/time";
import { Asking, Failed } from "@/parts/Nothing";
import { QueueLink, ServiceLink } from "@/parts/links";
import { type Column, Table } from "@/parts/Table";
import { Time } from "@/parts/Time";

type Row = Schemas["LatencyOut"];

export const latenciesQuery = (since: string | undefined, until: string | undefined, refreshMs: number | false) =>
  asking(["latencies", "edge", since, until], (signal) => client.GET("/api/v1/latencies", { params: { query: { by: "edge", since, until } }, signal }), refreshMs);

const ms = (value: number | null) => (value === null ? <span className="quiet">–</span> : span(value));

function figures(name: string, head: string, of: (row: Row) => Row["queue_wait"]): Column<Row>[] {
  return [
    { key: `${name}50`, head: `${head} median`, number: true, cell: (row) => ms(of(row).p50_ms), by: (row) => of(row).p50_ms ?? -1 },
    { key: `${name}95`, head: "95 %", number: true, cell: (row) => ms(of(row).p95_ms), by: (row) => of(row).p95_ms ?? -1 },
    { key: `${name}99`, head: "99 %", number: true, cell: (row) => ms(of(row).p99_ms), by: (row) => of(row).p99_ms ?? -1 },
  ];
}

const COLUMNS: readonly Column<Row>[] = [
  { key: "publisher", head: "from", cell: (row) => <ServiceLink name={row.publisher} />, by: (row) => row.publisher ?? "" },
  { key: "queue", head: "through", cell: (row) => (row.queue === null || row.vhost === null ? "–" : <QueueLink vhost={row.vhost} name={row.queue} />), by: (row) => shown(row.queue) },
  { key: "subscriber", head: "to", cell: (row) => <ServiceLink name={row.subscriber} />, by: (row) => row.subscriber ?? "" },
  ...figures("wait", "waited", (row) => row.queue_wait),
  ...figures("work", "worked on", (row) => row.processing),
  { key: "count", head: "deliveries", number: true, cell: (row) => count(row.queue_wait.count), by: (row) => row.queue_wait.count },
];

/** *at* says which rows are of this node. */
export function Latencies({ at, empty }: { at: (row: Row) => boolean; empty: ReactNode }) {
  const { since, until } = useSearch({ from: "__root__" });
  const { data, error, refetch } = useQuery(latenciesQuery(since, until, useRefresh()));
  if (error && !data) return <Failed error={error} again={() => void refetch()} />;
  if (!data) return <Asking />;
  const rows = data.items.filter(at);
  if (rows.length === 0) return <p className="quiet">{empty}</p>;
  return (
    <>
      <Table caption="Latencies" columns={COLUMNS} rows={rows} rowKey={(row) => JSON.stringify([row.publisher, row.vhost, row.queue, row.subscriber])} sorting={{ key: "wait95", down: true }} />
      <p className="quiet">
        {data.basis}, in whole hours
        {data.complete_since ? (
          <>
            , complete since <Time at={data.complete_since} digits={0} />
          </>
        ) : null}
        ; each within {(data.relative_error * 100).toFixed(1)} %. How long a message was worked on is estimated: acknowledgements cannot be seen.
      </p>
    </>
  );
}
