// One group of dead letters: what happened, what its messages share, one of them open, and what can be done.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { client, Problem, type Schemas } from "@/api/client";
import { useDeadLetterGroupAt } from "@/api/past";
import { useShortcut } from "@/app/keys";
import { useRefresh } from "@/app/preferences";
import { type Group, whyOf } from "@/model/deaths";
import { shown, toParam } from "@/model/names";
import { count, plural } from "@/model/numbers";
import { toMs } from "@/model/time";
import { Allowed, useMay } from "@/parts/Allowed";
import { AsOf } from "@/parts/AsOf";
import { Button } from "@/parts/Button";
import { Computing } from "@/parts/Computing";
import { ExchangeLink, MessagesLink, QueueLink, ServiceLink } from "@/parts/links";
import { More } from "@/parts/More";
import { Asking, Failed, Nothing } from "@/parts/Nothing";
import { Page, Section } from "@/parts/Page";
import { TimeAgo } from "@/parts/Time";
import { ErrorTold } from "@/parts/message/ErrorTold";
import { Summary } from "@/parts/message/MessageSummary";
import { is } from "@/model/query";
import { AlikeView } from "./AlikeView";
import { groupMessagesQuery, retriesQuery } from "./asks";
import css from "./DeadLetters.module.css";
import { Fates } from "./Fates";
import { GroupMessages } from "./GroupMessages";
import { Note } from "./Note";
import { RetriesTable } from "./RetriesTable";
import { RetryDialog } from "@/parts/retry/RetryDialog";
import { Trail } from "./Trail";
import { Trend } from "./Trend";
import { useDoing } from "./useDoing";

const route = getRouteApi("/dead-letters/$groupId");
const HOURS = 72;

export default function DeadLetterGroup() {
  const { groupId } = route.useParams();
  const { at } = route.useSearch();
  const { data, error, failureReason, refetch } = useDeadLetterGroupAt(groupId, at);
  const isMissing = error instanceof Problem && error.status === 404;
  if (data && !isMissing) return <Whole key={`${data.id} ${at}`} group={data} />;
  return (
    <Page title={`Dead letters ${groupId}`} name="Dead letters">
      <AsOf shows="then" what="the group" />
      {isMissing ? <Missing id={groupId} at={at} /> : <Computing error={error} failure={failureReason} again={() => void refetch()} />}
    </Page>
  );
}

function Missing({ id, at }: { id: string; at: string | undefined }) {
  const why = at ? "Nothing had died so by then, or retention removed what the log said of it." : "Retention may have removed its messages, or the id is of another log. When its messages die so again, it is there again under the same id, with its note.";
  return (
    <Nothing what={at ? `There was no group of dead letters ${id} then.` : `There is no group of dead letters ${id} now.`} why={why}>
      <Link to="/dead-letters">All dead letters</Link>
    </Nothing>
  );
}

/** The group now, where something can be done about it, or as it was. */
function Whole({ group }: { group: Schemas["DeadLetterGroupDetailOut"] }) {
  const then = group.as_of;
  const moment = then ? toMs(then.at) : undefined;
  return (
    <Page
      title={
        <>
          {capital(`${group.timer ? "delay: " : ""}${whyOf(group)}`)} in {shown(group.queue)}
        </>
      }
      name={`${shown(group.queue)}: ${group.reason}`}
      facts={<Fates group={group} />}
      actions={then ? null : <Actions group={group} />}
    >
      <AsOf shows="then" what="the group">
        Its messages, its retries and who did what are told as of now. {then?.note}
      </AsOf>
      <Lead group={group} now={moment} />
      <ErrorTold error={group.error} />
      <figure className={css.hours}>
        <Trend group={group} now={moment} hours={HOURS} height={40} barWidth={9} />
        <figcaption>
          deaths by the hour, the {HOURS} hours up to {then ? "then" : "now"}
        </figcaption>
      </figure>
      <Note group={group} fixed={then !== null} />
      <Messages group={group} />
      <Retries group={group} />
      <Trail about={group.id} />
    </Page>
  );
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** "ago" counts from *now* (ms), or from the present. */
function Lead({ group, now }: { group: Group; now: number | undefined }) {
  return (
    <p className={css.lead}>
      {plural(group.messages, "message")}
      {group.type ? ` of type ${shown(group.type)}` : ""} died {plural(group.deaths, "time")} in <QueueLink vhost={group.vhost} name={group.queue} /> ({group.reason}), and went to <WentTo group={group} />; first{" "}
      <TimeAgo at={group.first_seen} now={now} />, last <TimeAgo at={group.last_seen} now={now} />.{" "}
      {group.service ? (
        <>
          The queue is read by <ServiceLink name={group.service} />.{" "}
        </>
      ) : (
        "Nobody is known to read the queue. "
      )}
      <MessagesLink q={is("copies.queue", shown(group.queue))}>All messages of the queue</MessagesLink>
      {group.timer ? " These expiries serve as a delay: they are no failures." : ""}
    </p>
  );
}

function WentTo({ group }: { group: Group }) {
  return (
    <>
      {group.exchange === "" ? null : (
        <>
          <ExchangeLink vhost={group.vhost} name={group.exchange} /> with routing key <code>{shown(group.routing_key) || "(empty)"}</code> →{" "}
        </>
      )}
      {group.to_queues.length === 0 ? "no queue" : null}
      {group.to_queues.map((queue, at) => (
        <span key={toParam(queue)}>
          {at > 0 ? ", " : ""}
          <QueueLink vhost={group.vhost} name={queue} />
        </span>
      ))}
    </>
  );
}

function Actions({ group }: { group: Group }) {
  const [open, setOpen] = useState(false);
  const may = useMay("retry");
  const archive = useDoing((archived: boolean) => client.POST("/api/v1/dead-letters/{id}/archive", { params: { path: { id: group.id } }, body: { archived } }));
  useShortcut("r", "Publish the messages of this group again", () => may && setOpen(true));
  const away = Object.keys(group.states).every((fate) => fate === "archived");
  return (
    <>
      {archive.error ? <span className={css.failed}>{archive.error.message}</span> : null}
      <Allowed scope="retry" what="Retry or archive">
        <Button kind="primary" onClick={() => setOpen(true)}>
          Retry …
        </Button>
        <Button disabled={archive.isPending} onClick={() => archive.mutate(!away)} title="Puts away the messages it has now; what dies later is open. Nothing leaves the broker.">
          {away ? "Take out of the archive" : `Archive its ${plural(group.messages, "message")}`}
        </Button>
      </Allowed>
      <RetryDialog open={open} onClose={() => setOpen(false)} selection={{ group: group.id }} what={`the ${plural(group.messages, "message")} of this group`} />
    </>
  );
}

function Messages({ group }: { group: Group }) {
  const { state } = route.useSearch();
  const navigate = useNavigate({ from: "/dead-letters/$groupId" });
  const asked = useInfiniteQuery(groupMessagesQuery(group.id, state, useRefresh()));
  const { data, error, refetch } = asked;
  const messages = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  if (error && !data) return <Failed error={error} again={() => void refetch()} />;
  if (!data) return <Asking />;
  const total = data.pages[0]?.total ?? 0;
  const [example] = messages;
  return (
    <>
      <div className={css.columns}>
        <div>
          <AlikeView messages={messages} total={total} />
        </div>
        <Section title="One of them" facts="the newest">
          {example ? <Summary message={example} /> : <p className="quiet">None is kept in this state.</p>}
        </Section>
      </div>
      <Section title="Messages" facts={state ? `${count(total)} that are ${state}` : count(total)}>
        <GroupMessages
          messages={messages}
          total={total}
          state={state}
          onState={(wanted) => void navigate({ search: (before) => ({ ...before, state: wanted }), replace: true })}
          onOpen={(uid) => void navigate({ to: "/messages/$uid", params: { uid } })}
        >
          <More of={asked} />
        </GroupMessages>
      </Section>
    </>
  );
}

function Retries({ group }: { group: Group }) {
  const { data } = useQuery(retriesQuery(useRefresh()));
  const mine = data?.items.filter((retry) => retry.selection === `group ${group.id}`) ?? [];
  if (mine.length === 0) return null;
  return (
    <Section title="Retries of this group" facts={count(mine.length)}>
      <RetriesTable retries={mine} />
    </Section>
  );
}
