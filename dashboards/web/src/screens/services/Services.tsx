// The services: who publishes and consumes, how much now, and how sure their names are.
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Schemas } from "@/api/client";
import { useServicesAt, useTopologyAt } from "@/api/past";
import { toSorting, fromSorting } from "@/model/sorting";
import { shown, toParam } from "@/model/names";
import { count, ofTotal, rate } from "@/model/numbers";
import { NOT_KNOWN, type Through, throughOf } from "@/model/through";
import { toMs } from "@/model/time";
import { AsOf } from "@/parts/AsOf";
import { Computing } from "@/parts/Computing";
import { Confidence } from "@/parts/Confidence";
import { ServiceLink } from "@/parts/links";
import { Nothing } from "@/parts/Nothing";
import { NameFilter } from "@/parts/place/NameFilter";
import { Page } from "@/parts/Page";
import { type Column, Table } from "@/parts/Table";
import { TimeAgo } from "@/parts/Time";

type Row = Schemas["ServiceOut"];
const route = getRouteApi("/services");

export default function Services() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const { data, error, failureReason, refetch } = useServicesAt(search.at);
  const { data: topology } = useTopologyAt(search.at);
  const through = useMemo(() => (topology ? throughOf(topology.edges) : () => NOT_KNOWN), [topology]);
  const wanted = search.name?.toLowerCase() ?? "";
  const rows = (data?.items ?? []).filter((row) => row.name.toLowerCase().includes(wanted));
  return (
    <Page title="Services" name="Services" facts={data ? `${ofTotal(rows.length, data.total, data.total_is)} · rates are of the last minute, counts since the retained log begins` : undefined}>
      <AsOf shows="then" what="the list of services" />
      {data ? null : <Computing error={error} failure={failureReason} again={() => void refetch()} />}
      {data && data.items.length === 0 ? (
        <Nothing what="No service was seen yet." why="A service stands here as soon as it publishes or consumes while hoptrail captures. How it gets its name is told beside it.">
          <Link to="/capture">See what capture does</Link>
        </Nothing>
      ) : null}
      {data && data.items.length > 0 ? (
        <>
          <NameFilter label="Names that contain" value={search.name} onChange={(name) => void navigate({ to: "/services", replace: true, search: { ...search, name } })} />
          {rows.length === 0 ? <Nothing what={`No service has ${shown(search.name)} in its name.`} /> : null}
          {rows.length > 0 ? (
            <Table
              caption="Services"
              columns={columnsOf(through, data.as_of ? toMs(data.as_of.at) : undefined)}
              rows={rows}
              rowKey={(row) => row.id}
              sorting={toSorting(search.sort, "name")}
              onSort={(sorting) => void navigate({ to: "/services", search: { ...search, sort: fromSorting(sorting) } })}
              onOpen={(row) => void navigate({ to: "/services/$name", params: { name: toParam(row.name) } })}
            />
          ) : null}
        </>
      ) : null}
    </Page>
  );
}

/** *now* (ms) is what "ago" counts from; the present where it is not given. */
function columnsOf(through: (id: string) => Through, now: number | undefined): Column<Row>[] {
  const of = (row: Row) => through(row.id);
  return [
    { key: "name", head: "name", cell: (row) => <ServiceLink name={row.name} />, by: (row) => row.name },
    { key: "out", head: "publishes", number: true, cell: (row) => rate(of(row).out), by: (row) => of(row).out ?? -1 },
    { key: "into", head: "consumes", number: true, cell: (row) => rate(of(row).into), by: (row) => of(row).into ?? -1 },
    { key: "instances", head: "instances", number: true, cell: (row) => count(row.instances), by: (row) => row.instances },
    { key: "outputs", head: "types out", cell: (row) => typesSaid(row.output_types) },
    { key: "inputs", head: "types in", cell: (row) => typesSaid(row.input_types) },
    { key: "last", head: "last seen", cell: (row) => <TimeAgo at={row.last_seen} now={now} />, by: (row) => row.last_seen ?? "" },
    {
      key: "named",
      head: "named by",
      cell: (row) => (
        <>
          <Confidence of={row.confidence} /> {row.evidence ?? "nothing that is known"}
        </>
      ),
      by: (row) => row.confidence,
    },
  ];
}

const TYPES_MOST = 2;

function typesSaid(types: readonly string[]): string {
  const told = types.slice(0, TYPES_MOST).map(shown).join(", ");
  return types.length > TYPES_MOST ? `${told} and ${types.length - TYPES_MOST} more` : told || "–";
}
