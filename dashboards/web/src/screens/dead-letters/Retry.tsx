// One retry: what was asked, how far it is, what it asks, and what came of it.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { client, Problem, type Schemas } from "@/api/client";
import { shown } from "@/model/names";
import { count, ofTotal, short } from "@/model/numbers";
import { byWhom } from "@/model/operators";
import { asks, ENDED, progress, progressSaid } from "@/model/retry";
import { type State as OneState, STATES } from "@/model/state";
import { Allowed } from "@/parts/Allowed";
import { AsOf } from "@/parts/AsOf";
import { Button } from "@/parts/Button";
import { MessageLink, MessagesLink } from "@/parts/links";
import { Asking, Failed, Nothing } from "@/parts/Nothing";
import { Page, Section } from "@/parts/Page";
import { State } from "@/parts/State";
import { Time } from "@/parts/Time";
import { copiesOf, copiesQuery, retryQuery } from "./asks";
import css from "./Progress.module.css";
import { Question } from "./Question";
import { RetryState } from "./RetryState";
import { Trail } from "./Trail";
import { useDoing } from "./useDoing";

type Whole = Schemas["RetryWholeOut"];

const route = getRouteApi("/retries/$id");
const GOING_MS = 1000;
const ENDED_MS = 5000;

export default function Retry() {
  const { id } = route.useParams();
  const { data, error, refetch } = useQuery(retryQuery(id, (state) => (ENDED.has(state as Whole["state"]) ? ENDED_MS : GOING_MS)));
  if (error instanceof Problem && error.status === 404) {
    return (
      <Page title={`Retry ${id}`} name="Retry">
        <Nothing what={`There is no retry ${id}.`} why="The newest 1,000 are known. It may be one of another log.">
          <Link to="/retries">All retries</Link>
        </Nothing>
      </Page>
    );
  }
  if (data) return <One retry={data} />;
  return (
    <Page title={`Retry ${id}`} name="Retry">
      {error ? <Failed error={error} again={() => void refetch()} /> : <Asking />}
    </Page>
  );
}

function One({ retry }: { retry: Whole }) {
  return (
    <Page
      title={
        <>
          {retry.action[0]?.toUpperCase()}
          {retry.action.slice(1)} of <Selection told={retry.selection} />
        </>
      }
      name={`Retry ${retry.id}`}
      facts={
        <>
          {/* How far it is moves each second, and is not read out. */}
          <span aria-live="polite">
            <RetryState retry={retry} />
          </span>
          ; asked for <Time at={retry.requested_at} digits={0} /> by {byWhom(retry.by)}
          {retry.finished_at ? (
            <>
              , ended <Time at={retry.finished_at} digits={0} />
            </>
          ) : null}
        </>
      }
      actions={<Actions retry={retry} />}
    >
      <AsOf shows="now" what="the retry" />
      <p className={css.lead}>
        To {shown(retry.target)}, in vhost {shown(retry.vhost)}; {count(retry.batch)} at a time, {short(retry.rate_per_s)}/s at most;{" "}
        {retry.remove === "none" ? "the dead letters stay where they lie" : `they are taken off their queue (${retry.remove})`}.
      </p>
      <div className={css.bar}>
        <progress value={progress(retry)} aria-label="How far it is" />
        <span>{progressSaid(retry)}</span>
      </div>
      {asks(retry) ? <Question retry={retry} /> : retry.why && retry.why !== "done" ? <p className={css.why}>{shown(retry.why)}</p> : null}
      <Copies retry={retry} />
      <Failures retry={retry} />
      <Trail about={retry.id} />
    </Page>
  );
}

/** What was selected, as the API tells it in words; ids in it lead to what they name. */
function Selection({ told }: { told: string }) {
  const group = /^group ([0-9a-f]+)$/.exec(told)?.[1];
  if (group) {
    return (
      <>
        group{" "}
        <Link to="/dead-letters/$groupId" params={{ groupId: group }}>
          {group}
        </Link>
      </>
    );
  }
  return shown(told)
    .split(/\b([a-z0-9-]+-\d+)\b/)
    .map((part, at) => (at % 2 === 1 && !told.startsWith("query ") ? <MessageLink key={part} uid={part} /> : part));
}

function Actions({ retry }: { retry: Whole }) {
  const path = { params: { path: { id: retry.id } } };
  const pause = useDoing<void, unknown>(() => client.POST("/api/v1/retries/{id}/pause", { ...path, body: {} }));
  const resume = useDoing<void, unknown>(() => client.POST("/api/v1/retries/{id}/resume", { ...path, body: {} }));
  const cancel = useDoing<void, unknown>(() => client.POST("/api/v1/retries/{id}/cancel", { ...path, body: {} }));
  if (ENDED.has(retry.state)) return null;
  const error = pause.error ?? resume.error ?? cancel.error;
  return (
    <>
      {error ? <span className={css.failed}>{error.message}</span> : null}
      <Allowed scope="retry" what="To hold it up">
        {retry.state === "running" || retry.state === "planning" ? (
          <Button disabled={pause.isPending} onClick={() => pause.mutate()}>
            Pause
          </Button>
        ) : null}
        {retry.state === "paused" && !asks(retry) ? (
          <Button kind="primary" disabled={resume.isPending} onClick={() => resume.mutate()}>
            Resume
          </Button>
        ) : null}
        <Button kind="danger" disabled={cancel.isPending || retry.state === "cancelling"} onClick={() => cancel.mutate()} title="Nothing more is published; what is published stays so.">
          Cancel the rest
        </Button>
      </Allowed>
    </>
  );
}

function Copies({ retry }: { retry: Whole }) {
  const { data } = useQuery(copiesQuery(retry.id, ENDED.has(retry.state) ? ENDED_MS : GOING_MS));
  const states = data?.facets[0]?.values ?? [];
  return (
    <Section title="What became of the copies" facts={data ? `${data.counted_are === "all" ? "" : "at least "}${count(data.counted)} seen` : null}>
      {data?.counted === 0 ? <p className="quiet">None was seen yet: a copy is seen once capture has passed it.</p> : null}
      <ul className={css.states}>
        {states.map((each) => (
          <li key={each.value}>
            <State state={STATES.find((state): state is OneState => state === each.value) ?? "unknown"} />{" "}
            <MessagesLink q={`${copiesOf(retry.id)} AND state:${each.value}`}>{count(each.count)}</MessagesLink>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Failures({ retry }: { retry: Whole }) {
  if (retry.failed === 0) return null;
  if (retry.failures.length === 0) {
    return (
      <Section title="What failed" facts={count(retry.failed)}>
        <p className="quiet">Which ones is not known any more: an earlier version of hoptrail ended this retry, and retention removed what the log said of it.</p>
      </Section>
    );
  }
  return (
    <Section title="What failed" facts={ofTotal(retry.failures.length, retry.failed, "exact")}>
      <table>
        <caption className="unseen">What failed</caption>
        <thead>
          <tr>
            <th scope="col">Message</th>
            <th scope="col">Outcome</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {retry.failures.map((failure) => (
            <tr key={failure.uid}>
              <td>
                <MessageLink uid={failure.uid} />
              </td>
              <td>{failure.outcome}</td>
              <td>{shown(failure.why)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
