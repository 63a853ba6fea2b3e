// The queues: what waits, who consumes, what is wrong, and whether the broker counts the same.
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Schemas } from "@/api/client";
import { useQueuesAt, useTopologyAt } from "@/api/past";
import { sameName, shown, toParam } from "@/model/names";
import { count, ofTotal, plural, rate } from "@/model/numbers";
import { problemSaid, urgency, verdictSaid } from "@/model/queues";
import { fromSorting, toSorting } from "@/model/sorting";
import { NOT_KNOWN, type Through, throughOf } from "@/model/through";
import { toMs } from "@/model/time";
import { QueueLink, ServiceLink } from "@/parts/links";
import { AsOf } from "@/parts/AsOf";
import { Computing } from "@/parts/Computing";
import { Nothing } from "@/parts/Nothing";
import { Page } from "@/parts/Page";
import { NameFilter } from "@/parts/place/NameFilter";
import { type Column, Table } from "@/parts/Table";
import { Ago } from "@/parts/Time";
import css from "./Queues.module.css";

type Row = Schemas["QueueOut"];
const route = getRouteApi("/queues");
type Rates = (row: Row) => Through;
const keyOf = (of: Pick<Row, "vhost" | "name">) => `${toParam(of.vhost)} ${toParam(of.name)}`;

export default function Queues() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const { data, error, failureReason, refetch } = useQueuesAt(search.at);
  const { data: topology } = useTopologyAt(search.at);
  const rates = useMemo(() => ratesIn(topology), [topology]);
  const wanted = search.name?.toLowerCase() ?? "";
  const rows = (data?.items ?? []).filter((row) => shown(row.name).toLowerCase().includes(wanted));
  const wrong = rows.filter((row) => row.problem !== null).length;
  const columns = columnsOf(rows, rates, data?.as_of ? toMs(data.as_of.at) : undefined);
  return (
    <Page
      title="Queues"
      name="Queues"
      facts={data ? `${ofTotal(rows.length, data.total, data.total_is)}${wrong ? ` · ${plural(wrong, "has a problem", "have a problem")}` : ""} · rates are of the last minute` : undefined}
    >
      <AsOf shows="then" what="the list of queues" />
      {data ? null : <Computing error={error} failure={failureReason} again={() => void refetch()} />}
      {data && data.items.length === 0 ? (
        <Nothing what="No queue is known yet." why="Queues stand here as soon as the broker tells of them, or a message goes through them, while hoptrail captures.">
          <Link to="/capture">See what capture does</Link>
        </Nothing>
      ) : null}
      {data && data.items.length > 0 ? (
        <>
          <NameFilter label="Names that contain" value={search.name} onChange={(name) => void navigate({ to: "/queues", replace: true, search: { ...search, name } })} />
          {rows.length === 0 ? (
            <Nothing what={`No queue has ${shown(search.name)} in its name.`} />
          ) : (
            <Table
              caption="Queues"
              columns={columns}
              rows={rows}
              rowKey={keyOf}
              sorting={toSorting(search.sort, "-problem")}
              onSort={(sorting) => void navigate({ to: "/queues", search: { ...search, sort: fromSorting(sorting) } })}
              onOpen={(row) => void navigate({ to: "/queues/$vhost/$name", params: { vhost: toParam(row.vhost), name: toParam(row.name) } })}
            />
          )}
        </>
      ) : null}
    </Page>
  );
}

/** Return the rates of queues, as the topology has them; none is known before it is told. */
function ratesIn(topology: Schemas["TopologyOut"] | undefined): Rates {
  if (!topology) return () => NOT_KNOWN;
  const through = throughOf(topology.edges);
  const ids = new Map(topology.nodes.filter((node) => node.kind === "queue").map((node) => [keyOf(node), node.id]));
  return (row) => through(ids.get(keyOf(row)));
}

/** *now* (ms) is what ages count from; the present where it is not given. */
function columnsOf(rows: readonly Row[], of: Rates, now: number | undefined): Column<Row>[] {
  const [first] = rows;
  const vhosts = rows.some((row) => first && !sameName(row.vhost, first.vhost));
  return [
    { key: "name", head: "name", cell: (row) => <QueueLink vhost={row.vhost} name={row.name} />, by: (row) => shown(row.name) },
    ...(vhosts ? [{ key: "vhost", head: "vhost", cell: (row: Row) => shown(row.vhost), by: (row: Row) => shown(row.vhost) }] : []),
    { key: "problem", head: "problem", cell: problem, by: urgency },
    { key: "waiting", head: "waiting", number: true, cell: (row) => count(row.waiting), by: (row) => row.waiting },
    { key: "unacked", head: "handed out", number: true, cell: (row) => count(row.delivered), by: (row) => row.delivered },
    { key: "broker", head: "broker counts", number: true, cell: broker, by: (row) => row.broker_ready ?? -1 },
    { key: "agreement", head: "compared", cell: (row) => <span title={row.agreement.why}>{verdictSaid(row.agreement)}</span>, by: (row) => row.agreement.verdict },
    { key: "into", head: "in", number: true, cell: (row) => rate(of(row).into), by: (row) => of(row).into ?? -1 },
    { key: "out", head: "out", number: true, cell: (row) => rate(of(row).out), by: (row) => of(row).out ?? -1 },
    { key: "oldest", head: "oldest", number: true, cell: (row) => (row.oldest_at ? <span title={row.oldest_at}><Ago at={row.oldest_at} now={now} /></span> : <span className="quiet">–</span>), by: (row) => row.oldest_at ?? "~" },
    { key: "consumers", head: "consumers", cell: consumers, by: (row) => row.consumers.length },
    { key: "role", head: "serves", cell: (row) => (row.role ? row.role : <span className="quiet">–</span>), by: (row) => row.role ?? "" },
  ];
}

function problem(row: Row) {
  if (!row.problem) return <span className="quiet">–</span>;
  return (
    <span className={css.problem} title={row.problem.why}>
      {problemSaid(row.problem)}
    </span>
  );
}

/** What the broker counts: ready, and unacknowledged beside it. */
function broker(row: Row) {
  if (row.broker_ready === null) return <span className="quiet">not told</span>;
  return (
    <span title="ready + unacknowledged, by the broker's own count">
      {count(row.broker_ready)} <span className="quiet">+ {count(row.broker_unacked ?? 0)}</span>
    </span>
  );
}

function consumers(row: Row) {
  if (row.consumers.length === 0) return <span className="quiet">nobody</span>;
  return row.consumers.map((name, at) => (
    <span key={name}>
      {at > 0 ? ", " : ""}
      <ServiceLink name={name} />
    </span>
  ));
}
