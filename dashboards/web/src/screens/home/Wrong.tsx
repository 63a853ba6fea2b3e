// What is wrong, as a worklist; when nothing is, what was looked at.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { deadLettersQuery, queuesQuery } from "@/api/shared";
import { useNow } from "@/app/now";
import { useRefresh } from "@/app/preferences";
import { Asking, Failed } from "@/parts/Nothing";
import { Section } from "@/parts/Page";
import { StateShape } from "@/parts/State";
import css from "./Home.module.css";
import { type Problem, problems } from "./problems";
import { unroutableQuery } from "./queries";
import { When } from "./When";

const SHOWN_MAX = 12;

export function Wrong({ capture }: { capture: Schemas["CaptureOut"] }) {
  const refresh = useRefresh();
  const now = useNow();
  const groups = useQuery(deadLettersQuery(false, refresh));
  const queues = useQuery(queuesQuery(refresh));
  const unroutable = useQuery(unroutableQuery(refresh));
  if (!groups.data || !queues.data) {
    const error = groups.error ?? queues.error;
    const again = () => void Promise.all([groups.refetch(), queues.refetch()]);
    return <Section title="What is wrong">{error ? <Failed error={error} again={again} /> : <Asking />}</Section>;
  }
  const found = unroutable.data;
  const newest = found?.items[0]?.published_at ?? null;
  const all = problems({ groups: groups.data.items, queues: queues.data.items, gaps: capture.gaps, lost: capture.lost, unroutable: found ? { total: found.total, total_is: found.total_is, newest } : null }, now);
  return (
    <Section title="What is wrong" facts="in the last 24 hours">
      {all.length === 0 ? (
        <p className={css.fine}>
          <StateShape state="settled" /> Nothing found: no open dead letters, {found ? "no message without a queue, " : ""}no stuck queue, no gap in capture{capture.running ? "" : "; but nothing is captured now"}.
        </p>
      ) : (
        <ul>
          {all.slice(0, SHOWN_MAX).map((problem) => (
            <Row key={problem.key} problem={problem} />
          ))}
        </ul>
      )}
      {unroutable.error && !found ? <p className="quiet">Whether messages reached no queue could not be asked: {unroutable.error.message}</p> : null}
      {all.length > SHOWN_MAX ? (
        <p className="quiet">
          {SHOWN_MAX} of {all.length}; <Link to="/dead-letters">all dead letters</Link>, <Link to="/queues">all queues</Link>, <Link to="/capture">all gaps</Link>
        </p>
      ) : null}
    </Section>
  );
}

function Row({ problem }: { problem: Problem }) {
  return (
    <li className={css.problem}>
      <StateShape state={problem.shade} />
      <div className={css.said}>
        <Link to={problem.to} params={problem.params ?? {}} search={problem.search ?? {}}>
          {problem.what}
        </Link>
        <span className={css.detail} title={problem.detail}>
          {problem.detail}
        </span>
      </div>
      {problem.at === null ? null : <When at={problem.at} />}
    </li>
  );
}
