// The settings in force, secrets told only as set or not.
import { useQuery } from "@tanstack/react-query";
import { asking } from "@/api/asking";
import { client, type Schemas } from "@/api/client";
import { Asking, Failed } from "@/parts/Nothing";
import { type Column, Table } from "@/parts/Table";
import { NotPermitted } from "./NotPermitted";
import css from "./System.module.css";

type Row = Schemas["SettingOut"];

const settingsQuery = () => asking(["settings"], (signal) => client.GET("/api/v1/settings", { signal }));

/** What stands between backticks is set as code. */
function withCode(text: string) {
  // The parts of a sentence do not change places, so that their order may name them.
  // oxlint-disable-next-line react/no-array-index-key
  return text.split("`").map((part, at) => (at % 2 ? <code key={at}>{part}</code> : part));
}

const columns: Column<Row>[] = [
  { key: "name", head: "Setting", cell: (row) => <code>{row.name}</code> },
  { key: "value", head: "Value", cell: (row) => <span className={row.is_default ? css.value : `${css.value} ${css.changed}`}>{row.value === null ? "not set" : `${row.value}${row.unit ? ` ${row.unit}` : ""}`}</span> },
  { key: "default", head: "Default", cell: (row) => <span className={`${css.value} quiet`}>{row.is_default ? "as it is" : (row.default ?? "none")}</span> },
  { key: "meaning", head: "What it is", cell: (row) => <span className={css.meaning}>{withCode(row.meaning)}</span> },
];

export function Settings({ isAdmin }: { isAdmin: boolean }) {
  const { data, error, refetch } = useQuery({ ...settingsQuery(), enabled: isAdmin });
  if (!isAdmin) return <NotPermitted what="Settings" />;
  if (!data) return error ? <Failed error={error} again={() => void refetch()} /> : <Asking />;
  return (
    <>
      <p className={css.said}>Those of the process that answers this page; other roles may have others. What differs from the default stands in bold.</p>
      <Table caption="Settings in force" columns={columns} rows={data.items} rowKey={(row) => row.name} />
    </>
  );
}
