// The list with what has to be said above it, or why it is empty.
import { isRefused, useRefusal } from "@/api/refusals";
import { useOfNow } from "@/app/now";
import { usePreferences } from "@/app/preferences";
import { fromMs, parts, toMs } from "@/model/time";
import { AsOf } from "@/parts/AsOf";
import { Button } from "@/parts/Button";
import { Asking, Failed, Nothing } from "@/parts/Nothing";
import { Columns } from "./Columns";
import { type Changed, Empty } from "./Empty";
import { missedMs } from "./entries";
import { List } from "./List";
import { Behind, Incomplete, Missed } from "./Notices";
import { type Address, NEWEST } from "./useAddress";
import type { Screen } from "./useScreen";

export function Listing({ address, screen }: { address: Address; screen: Screen }) {
  const { asked, isLive, set } = address;
  const { list, entries, histogram, stream } = screen;
  const found = histogram.data;
  const gaps = found?.not_captured ?? [];
  // Another range may lie behind the time as of which the list is.
  const change = (changed: Changed) => set("until" in changed ? { ...changed, at: undefined } : changed);
  return (
    <>
      <AsOf shows="then" what="the list of messages">
        What was published later is left out; what became of the others is told as of now.
      </AsOf>
      <Missed gaps={gaps} missedMs={found ? missedMs(gaps, toMs(found.since), toMs(found.until)) : 0} since={asked.since} until={asked.until} />
      <Incomplete until={asked.until} />
      {stream.behindAt === null ? null : <Behind at={stream.behindAt} />}
      {list.isPending ? <Asking /> : null}
      {list.error ? <Refused error={list.error} q={asked.q} again={() => void screen.goOn()} onChange={change} /> : null}
      {list.data && entries.length === 0 && isLive ? <Nothing what="No message matches yet." why="New ones appear here as they are published." /> : null}
      {list.data && entries.length === 0 && !isLive ? <Empty asked={asked} gaps={screen.gaps.length} onChange={change} /> : null}
      {entries.length > 0 ? <Filled address={address} screen={screen} /> : null}
    </>
  );
}

function Filled({ address, screen }: { address: Address; screen: Screen }) {
  const { sort, sel, columns, set, select, open } = address;
  const { zone } = usePreferences();
  const today = useOfNow((present) => parts(fromMs(present), zone, 0).date);
  return (
    <List
      grid={screen.grid}
      entries={screen.entries}
      total={Math.max(screen.first?.total ?? 0, screen.entries.length)}
      isMore={screen.isMore}
      columns={columns}
      sort={sort}
      selected={sel}
      today={today}
      onSort={(next) => set({ sort: next === NEWEST ? undefined : next, live: undefined })}
      onSelect={select}
      onOpen={open}
      onMove={screen.move}
      onMore={screen.more}
      onScrolled={screen.setAway}
    >
      <Columns chosen={columns} onChoose={(next) => set({ cols: next?.join(",") }, true)} />
    </List>
  );
}

type RefusedProps = { error: Error; q: string; again: () => void; onChange: (changed: Changed) => void };

function Refused({ error, q, again, onChange }: RefusedProps) {
  const ofQuery = useRefusal(q);
  if (!isRefused(error)) return <Failed error={error} again={again} />;
  if (ofQuery) return <Nothing what="The query cannot be understood." why="The box above says why, with the place underlined." />;
  // The list is asked with the range in its query.
  return (
    <Nothing what="The range of time cannot be understood." why={error.message}>
      <Button onClick={() => onChange({ since: undefined, until: undefined })}>All that is kept</Button>
    </Nothing>
  );
}
