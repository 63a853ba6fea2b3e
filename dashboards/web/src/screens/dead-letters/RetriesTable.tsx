// Retries as rows: what was asked, how far it is, who asked.
import { Link, useNavigate } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { shown } from "@/model/names";
import { count } from "@/model/numbers";
import { byWhom } from "@/model/operators";
import { type Column, Table } from "@/parts/Table";
import { Time } from "@/parts/Time";
import { toMs } from "@/model/time";
import css from "./DeadLetters.module.css";
import { RetryState } from "./RetryState";

type Retry = Schemas["RetryOut"];

const COLUMNS: readonly Column<Retry>[] = [
  { key: "requested", head: "Asked for", by: (retry) => toMs(retry.requested_at), cell: (retry) => <Time at={retry.requested_at} digits={0} /> },
  {
    key: "what", head: "What", cell: (retry) => (
      <Link to="/retries/$id" params={{ id: retry.id }} className={css.what}>
        {retry.action} of {shown(retry.selection)}
      </Link>
    ),
  },
  { key: "state", head: "State", by: (retry) => retry.state, cell: (retry) => <RetryState retry={retry} /> },
  { key: "messages", head: "Messages", number: true, by: (retry) => retry.messages, cell: (retry) => count(retry.messages) },
  { key: "published", head: "Published", number: true, by: (retry) => retry.published, cell: (retry) => count(retry.published) },
  { key: "failed", head: "Failed", number: true, by: (retry) => retry.failed, cell: (retry) => (retry.failed > 0 ? <span className={css.failed}>{count(retry.failed)}</span> : "0") },
  { key: "target", head: "To", cell: (retry) => <span className={css.long}>{shown(retry.target)}</span> },
  { key: "by", head: "By", by: (retry) => retry.by, cell: (retry) => byWhom(retry.by) },
];

export function RetriesTable({ retries }: { retries: readonly Retry[] }) {
  const navigate = useNavigate();
  return <Table caption="Retries" columns={COLUMNS} rows={retries} rowKey={(retry) => retry.id} onOpen={(retry) => void navigate({ to: "/retries/$id", params: { id: retry.id } })} />;
}
