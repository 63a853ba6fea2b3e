// The list of conversations: those of which a message matches, the newest first.
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useRefusal } from "@/api/refusals";
import { useRefresh } from "@/app/preferences";
import { toParam } from "@/model/names";
import { count, ofPlural } from "@/model/numbers";
import { Button } from "@/parts/Button";
import { AsOf } from "@/parts/AsOf";
import { More } from "@/parts/More";
import { Asking, Failed, Nothing } from "@/parts/Nothing";
import { Page } from "@/parts/Page";
import { QueryForm } from "@/parts/query-box/QueryForm";
import { Table } from "@/parts/Table";
import { conversationsQuery } from "./asks";
import { COLUMNS, type Found } from "./columns";
import css from "./Conversations.module.css";
import { type ConversationsSearch, type Order, ORDERS } from "./search";

const route = getRouteApi("/conversations");
const ORDER_NAMES: Record<Order, string> = { started_at: "begun last", messages: "most messages", duration_ms: "longest", failures: "most failures" };

export default function Conversations() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const answer = useInfiniteQuery(conversationsQuery(search, useRefresh()));
  const isRefused = useRefusal(search.q ?? "") !== null;
  const pages = answer.data?.pages ?? [];
  const rows = pages.flatMap((page) => page.items);
  const [first] = pages;
  const open = (row: Found) => void navigate({ to: "/conversations/$traceId", params: { traceId: toParam(row.trace_id) }, search: {} });
  const facts = first ? `${ofPlural(rows.length, first.total, first.total_is, "conversation")}${first.counted_are === "newest" ? `, counted over the newest ${count(first.counted)} messages` : ""}` : undefined;
  return (
    <Page title="Conversations" name="Conversations" facts={facts}>
      <AsOf shows="now" what="the list of conversations" />
      <Filters search={search} />
      {isRefused ? (
        <Nothing what="The query cannot be understood." why="The box above says why, with the place underlined." />
      ) : answer.error && !first ? (
        <Failed error={answer.error} again={() => void answer.refetch()} />
      ) : first === undefined ? (
        <Asking />
      ) : rows.length === 0 ? (
        <None search={search} />
      ) : (
        <>
          <Table caption="Conversations" columns={COLUMNS} rows={rows} rowKey={(row) => row.trace_id} onOpen={open} />
          <More of={answer} />
        </>
      )}
    </Page>
  );
}

function Filters({ search }: { search: ConversationsSearch }) {
  const navigate = useNavigate();
  const change = (more: Partial<ConversationsSearch>) => void navigate({ to: ".", search: (before: Record<string, unknown>) => ({ ...before, ...more }) });
  return (
    <div className={css.filters}>
      <search className={css.query}>
        <QueryForm
          label="Conversations with a message that matches"
          placeholder="With a message that matches: queue:orders AND state:dead-lettered"
          inForce={search.q ?? ""}
          onSearch={(q, view) => change({ ...(view && { since: view.since, until: view.until }), q: q || undefined })}
          onOpen={(uid) => void navigate({ to: "/messages/$uid", params: { uid }, search: {} })}
        >
          {(typed, filter) => <Button onClick={() => filter(typed)}>Filter</Button>}
        </QueryForm>
      </search>
      <label className={css.order}>
        Order{" "}
        <select value={search.order ?? ""} onChange={(event) => change({ order: ORDERS.find((each) => each === event.target.value) })}>
          <option value="">newest message</option>
          {ORDERS.map((order) => (
            <option key={order} value={order}>
              {ORDER_NAMES[order]}
            </option>
          ))}
        </select>
      </label>
      <Link to="/conversations" search={(before) => ({ ...before, q: FAILING })} className={css.quick}>
        with failures
      </Link>
    </div>
  );
}

const FAILING = "state:dead-lettered OR state:unroutable";

function None({ search }: { search: ConversationsSearch }) {
  if (search.q || search.since || search.until) {
    return (
      <Nothing what="No conversation has a message that matches." why={search.since || search.until ? "The range of time in the top bar counts for when its messages were published." : undefined}>
        <Link to="/conversations" search={{ since: undefined, until: undefined }}>
          All conversations
        </Link>
      </Nothing>
    );
  }
  return (
    <Nothing what="No conversation is known yet." why="A conversation is made of messages that caused each other. Whether anything was captured, and what was not, is told under Capture.">
      <Link to="/capture">Capture</Link>
    </Nothing>
  );
}
