// What operators did and were denied, as it stands in the log.
import { useInfiniteQuery } from "@tanstack/react-query";
import { client, type Schemas, told } from "@/api/client";
import { shown } from "@/model/names";
import { ofPlural } from "@/model/numbers";
import { More } from "@/parts/More";
import { Asking, Failed, Nothing } from "@/parts/Nothing";
import { type Column, Table } from "@/parts/Table";
import { Time } from "@/parts/Time";
import css from "./System.module.css";

type Row = Schemas["DeedOut"];

const columns: Column<Row>[] = [
  { key: "at", head: "When", cell: (row) => <Time at={row.at} /> },
  { key: "by", head: "Who", cell: (row) => (row.by ? <code>{row.by}</code> : "hoptrail itself") },
  { key: "told", head: "What", cell: (row) => <span className={css.meaning}>{shown(row.told)}</span> },
  { key: "about", head: "About", cell: (row) => (row.about ? <code>{shown(row.about)}</code> : "") },
];

export function Trail() {
  const asked = useInfiniteQuery({
    queryKey: ["operations"],
    queryFn: ({ signal, pageParam }) => told(client.GET("/api/v1/operations", { params: { query: { cursor: pageParam } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
  const { data, error, refetch } = asked;
  if (!data) return error ? <Failed error={error} again={() => void refetch()} /> : <Asking />;
  const rows = data.pages.flatMap((page) => page.items);
  const first = data.pages[0];
  if (!first || rows.length === 0) return <Nothing what="Nobody did anything yet." why="Notes, archives, retries, keys and refused attempts are written to the event log and stand here." />;
  return (
    <>
      <p className={css.said}>{ofPlural(rows.length, first.total, first.total_is, "entry", "entries")}, the newest first.</p>
      <Table caption="What operators did" columns={columns} rows={rows} rowKey={(row) => row.position} />
      <More of={asked} />
    </>
  );
}
