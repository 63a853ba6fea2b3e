// Groups of dead letters as a worklist: what needs somebody first, timers folded away.
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useDeadLettersAt } from "@/api/past";
import { useOfNow } from "@/app/now";
import { open, timersSaid, worklist, type Group } from "@/model/deaths";
import { momentOf } from "@/model/moment";
import { rangeAt } from "@/model/range";
import { toMs } from "@/model/time";
import { count, plural } from "@/model/numbers";
import { AsOf } from "@/parts/AsOf";
import { Computing } from "@/parts/Computing";
import { Nothing } from "@/parts/Nothing";
import { Page } from "@/parts/Page";
import { Table } from "@/parts/Table";
import { columnsAt } from "./columns";
import css from "./DeadLetters.module.css";
import { Filters } from "./Filters";

const route = getRouteApi("/dead-letters");

export default function DeadLetters() {
  const { at } = route.useSearch();
  const { data, error, failureReason, refetch } = useDeadLettersAt(at);
  return (
    <Page title="Dead letters" name="Dead letters" facts={data ? <Facts groups={data.items} /> : null} actions={<Link to="/retries">All retries</Link>}>
      <AsOf shows="then" what="the list of dead letters">
        {data?.as_of?.note}
      </AsOf>
      {data ? <Worklist groups={data.items} now={data.as_of ? toMs(data.as_of.at) : undefined} /> : <Computing error={error} failure={failureReason} again={() => void refetch()} />}
    </Page>
  );
}

function Facts({ groups }: { groups: readonly Group[] }) {
  const failures = groups.filter((group) => !group.timer);
  const opened = failures.filter((group) => open(group) > 0);
  return (
    <>
      {plural(failures.length, "group")}, {count(opened.length)} with open messages ({count(opened.reduce((sum, group) => sum + open(group), 0))})
    </>
  );
}

/** *now* (ms) is when the groups were so, where that is not the present. */
function Worklist({ groups, now }: { groups: readonly Group[]; now: number | undefined }) {
  const search = route.useSearch();
  const navigate = useNavigate();
  const { since, until } = rangeAt(search, search.at);
  const range = { since: useOfNow((present) => momentOf(since, now ?? present)), until: useOfNow((present) => momentOf(until, now ?? present)) };
  const found = worklist(groups, { state: search.state, q: search.words, vhost: search.vhost, timers: search.timers === "1", ...range });
  return (
    <>
      <Filters groups={groups} search={search} />
      {found.length > 0 ? (
        <Table
          caption="Groups of dead letters"
          columns={columnsAt(now, found.some((group) => group.note))}
          rows={found}
          rowKey={(group) => group.id}
          onOpen={(group) => void navigate({ to: "/dead-letters/$groupId", params: { groupId: group.id } })}
        />
      ) : (
        <None any={groups.length > 0} />
      )}
      <Timers groups={groups} shownToo={search.timers === "1"} />
    </>
  );
}

function None({ any }: { any: boolean }) {
  if (any) {
    return (
      <Nothing what="No group matches." why="Groups are there, but none that is asked for here, in this range of time.">
        <Link to="/dead-letters" search={{ since: undefined, until: undefined }}>
          Show all groups
        </Link>
      </Nothing>
    );
  }
  return (
    <Nothing what="No dead letters were seen." why="A dead letter is seen when its dead-letter exchange is tapped, or when somebody reads it. What capture cannot see stands on its page.">
      <Link to="/capture">What was captured</Link>
    </Nothing>
  );
}

function Timers({ groups, shownToo }: { groups: readonly Group[]; shownToo: boolean }) {
  const said = timersSaid(groups);
  if (!said) return null;
  return (
    <p className={css.timers}>
      {said} {shownToo ? "are among them." : "are folded away."}{" "}
      <Link to="/dead-letters" replace search={(before) => ({ ...before, timers: shownToo ? undefined : "1" })}>
        {shownToo ? "Fold them away" : "Show them"}
      </Link>
    </p>
  );
}
