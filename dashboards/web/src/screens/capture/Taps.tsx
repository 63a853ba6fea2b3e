// Where dead letters and chosen exchanges are tapped, where not, and why.
import type { Schemas } from "@/api/client";
import { exchangeName, shown, type Text } from "@/model/names";
import { count } from "@/model/numbers";
import { Section } from "@/parts/Page";
import { type Column, Table } from "@/parts/Table";

type Row = Schemas["CaptureOut"]["left_alone"][number];

const text = (value: unknown) => shown(value as Text);
const exchange = (row: Row) => exchangeName((row["exchange"] ?? "") as Text);
const key = (row: Row) => `${text(row["vhost"])} ${exchange(row)}`;
const VHOST: Column<Row> = { key: "vhost", head: "Vhost", cell: (row) => text(row["vhost"]) };
const EXCHANGE: Column<Row> = { key: "exchange", head: "Exchange", cell: exchange };

const tapped: Column<Row>[] = [VHOST, EXCHANGE, { key: "warning", head: "What the binding changes", cell: (row) => text(row["warning"]) || "nothing" }];

const leftAlone: Column<Row>[] = [
  VHOST,
  EXCHANGE,
  { key: "why", head: "Why", cell: (row) => text(row["why"]) },
  { key: "queues", head: "Queues behind it", cell: (row) => (Array.isArray(row["queues"]) ? row["queues"].map(text).join(", ") : "–") },
  { key: "waiting", head: "Waiting there", number: true, cell: (row) => (typeof row["waiting"] === "number" ? count(row["waiting"]) : "not known") },
];

const chosen: Column<Row>[] = [VHOST, EXCHANGE, { key: "why", head: "Why not", cell: (row) => text(row["why"]) || "bound" }];

export function Taps({ capture }: { capture: Schemas["CaptureOut"] }) {
  return (
    <>
      <Part title="Dead-letter exchanges that are tapped" rows={capture.dead_letter_taps} columns={tapped} />
      <Part title="Dead-letter exchanges that are left alone" rows={capture.left_alone} columns={leftAlone} />
      <Part title="Chosen exchanges" rows={[...capture.exchange_taps, ...capture.exchanges_left_alone]} columns={chosen} />
    </>
  );
}

function Part({ title, rows, columns }: { title: string; rows: readonly Row[]; columns: readonly Column<Row>[] }) {
  if (rows.length === 0) return null;
  return (
    <Section title={title}>
      <Table caption={title} columns={columns} rows={rows} rowKey={key} />
    </Section>
  );
}
