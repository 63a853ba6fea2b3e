// The columns of the list of conversations.
import type { Schemas } from "@/api/client";
import { shown } from "@/model/names";
import { count } from "@/model/numbers";
import { span } from "@/model/time";
import { ConversationLink, ServiceLink } from "@/parts/links";
import { StateShape } from "@/parts/State";
import type { Column } from "@/parts/Table";
import { Time } from "@/parts/Time";
import css from "./Conversations.module.css";
import { messagesOf } from "./model/light";
import { addressOf } from "./model/words";

export type Found = Schemas["ConversationOut"];

const SERVICES_MAX = 2;

const WHY: Record<Found["incomplete"][number], string> = {
  gap: "not everything was captured in its time",
  "publish-not-seen": "its first publish was not seen",
  "parent-elsewhere": "what caused its first message is not in it",
};

export const COLUMNS: readonly Column<Found>[] = [
  { key: "started", head: "started", cell: (row) => <Time at={row.started_at} digits={0} /> },
  { key: "root", head: "began with", cell: (row) => <Root row={row} /> },
  { key: "failures", head: "failures", cell: (row) => <Failures row={row} /> },
  { key: "messages", head: "messages", number: true, cell: (row) => count(row.messages) },
  { key: "duration", head: "lasted", number: true, cell: (row) => <span className="mono">{span(Number(row.duration_ms.toFixed(2)))}</span> },
  { key: "services", head: "services", cell: (row) => <Services row={row} /> },
  {
    key: "incomplete",
    head: "incomplete",
    cell: (row) => (row.incomplete.length ? <span className={css.why}>{row.incomplete.map((each) => WHY[each]).join("; ")}</span> : <span className="quiet">–</span>),
  },
];

function Root({ row }: { row: Found }) {
  const [root] = messagesOf([row.root]);
  if (!root) return null;
  return (
    <span className={css.root}>
      <ServiceLink name={root.publisher} />
      <ConversationLink traceId={row.trace_id}>{addressOf(root)}</ConversationLink>
      {root.type === null ? null : <span className="quiet">{shown(root.type)}</span>}
    </span>
  );
}

function Services({ row: { services, services_of, messages } }: { row: Found }) {
  const more = services.length - SERVICES_MAX;
  return (
    <span className={css.services} title={services.map(shown).join(", ") + (services_of < messages ? `\nof its first ${count(services_of)} messages` : "")}>
      {services.slice(0, SERVICES_MAX).map((name) => (
        <ServiceLink key={name} name={name} />
      ))}
      {more > 0 ? <span className="quiet">+{count(more)} more</span> : null}
    </span>
  );
}

/** What failed and still is so; else what failed once and went on. */
function Failures({ row }: { row: Found }) {
  if (row.failures > 0) {
    const state = row.states["unroutable"] === row.failures ? "unroutable" : "dead-lettered";
    return (
      <span className={css.failures} style={{ color: `var(--${state})` }}>
        <StateShape state={state} /> {count(row.failures)} {state}
      </span>
    );
  }
  return row.dead_letters > 0 ? <span className="quiet">{count(row.dead_letters)} once, went on</span> : <span className="quiet">none seen</span>;
}
