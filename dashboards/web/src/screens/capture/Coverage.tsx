// How much of what the broker counted was captured, and how each vhost is tapped.
import type { Schemas } from "@/api/client";
import { shown } from "@/model/names";
import { count, percentOf } from "@/model/numbers";
import { Section } from "@/parts/Page";
import { type Column, Table } from "@/parts/Table";
import { Time } from "@/parts/Time";
import { tapSaid } from "./timeline";

type Row = Schemas["CoverageOut"];
type Vhost = Schemas["CaptureOut"]["vhosts"][number];

const WINDOWS: Record<string, string> = { hour: "last hour", day: "last day", all: "all that is kept" };
const number = (value: number | null) => (value === null ? <span className="quiet">not known</span> : count(value));

const columns: Column<Row>[] = [
  { key: "vhost", head: "Vhost", cell: (row) => (row.vhost === null ? "all" : shown(row.vhost)) },
  { key: "window", head: "Window", cell: (row) => WINDOWS[row.window] ?? row.window },
  { key: "percent", head: "Captured", number: true, cell: (row) => (row.percent === null ? <span className="quiet">not known</span> : percentOf(row.percent / 100, 2)) },
  { key: "missed", head: "Missed", number: true, cell: (row) => number(row.missed) },
  { key: "captured", head: "Events captured", number: true, cell: (row) => number(row.captured) },
  { key: "broker", head: "Counted by the broker", number: true, cell: (row) => number(row.broker) },
  { key: "gaps", head: "Gaps", number: true, cell: (row) => count(row.gaps) },
  { key: "until", head: "Compared up to", cell: (row) => <Time at={row.until} digits={0} /> },
  { key: "basis", head: "Rests on", cell: (row) => row.basis },
];

/** A system of one vhost has each row twice, once as all: the second says nothing more. */
function telling(rows: readonly Row[]): readonly Row[] {
  const vhosts = new Set(rows.filter((row) => row.vhost !== null).map((row) => JSON.stringify(row.vhost)));
  return vhosts.size === 1 ? rows.filter((row) => row.vhost !== null) : rows;
}

export function Coverage({ rows }: { rows: readonly Row[] }) {
  return (
    <Section title="Coverage" facts="captured, of what the broker's own counters say">
      {rows.length === 0 ? (
        <p className="quiet">Not known yet: the broker's counters are compared every minute.</p>
      ) : (
        <Table caption="Coverage by vhost and window" columns={columns} rows={telling(rows)} rowKey={(row) => `${JSON.stringify(row.vhost)} ${row.window}`} />
      )}
    </Section>
  );
}

const text = (value: unknown) => shown(value as Parameters<typeof shown>[0]);
const share = (value: unknown) => (typeof value === "number" ? percentOf(value) : "not known");

const vhostColumns: Column<Vhost>[] = [
  { key: "vhost", head: "Vhost", cell: (row) => text(row["vhost"]) },
  { key: "tapped", head: "Tap", cell: (row) => (row["tapped"] ? "set" : "not set: nothing of this vhost is seen") },
  { key: "mode", head: "It takes", cell: (row) => tapSaid(row["mode"]) },
  { key: "published", head: "Of all publishes", number: true, cell: (row) => share(row["published_coverage"]) },
  { key: "delivered", head: "Of all deliveries", number: true, cell: (row) => share(row["delivered_coverage"]) },
];

export function Vhosts({ rows }: { rows: readonly Vhost[] }) {
  return (
    <Section title="Taps">
      <Table caption="How each vhost is tapped" columns={vhostColumns} rows={rows} rowKey={(row) => text(row["vhost"])} />
    </Section>
  );
}
