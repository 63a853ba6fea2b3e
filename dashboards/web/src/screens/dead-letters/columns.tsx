// The columns of the worklist.
import { Link } from "@tanstack/react-router";
import { useOfNow } from "@/app/now";
import { type Group, open, wentTo, whyOf } from "@/model/deaths";
import { shown } from "@/model/names";
import { count } from "@/model/numbers";
import { toMs } from "@/model/time";
import { QueueLink } from "@/parts/links";
import { Ago, Time } from "@/parts/Time";
import type { Column } from "@/parts/Table";
import css from "./DeadLetters.module.css";
import { Fates } from "./Fates";
import { Trend } from "./Trend";

/** *now* (ms) is what "ago" and the hours count from, the present where it is not given; *notes*: some group has a note. */
export function columnsAt(now: number | undefined, notes: boolean): readonly Column<Group>[] {
  const told: Column<Group>[] = [
    {
      key: "what",
      head: "Why",
      by: (group) => whyOf(group),
      cell: (group) => (
        <Link to="/dead-letters/$groupId" params={{ groupId: group.id }} className={css.what}>
          {group.timer ? "delay: " : ""}
          {whyOf(group)}
        </Link>
      ),
    },
    { key: "queue", head: "Died in", by: (group) => shown(group.queue), cell: (group) => <QueueLink vhost={group.vhost} name={group.queue} /> },
    { key: "messages", head: "Messages", number: true, by: (group) => group.messages, cell: (group) => count(group.messages) },
    { key: "states", head: "What became of them", by: open, cell: (group) => <Fates group={group} /> },
    { key: "trend", head: "24 hours", cell: (group) => <Trend group={group} now={now} /> },
    {
      key: "error",
      head: "Error, or where they went",
      cell: (group) => (
        <span className={css.long} title={group.error ? shown(group.error) : undefined}>
          {group.error ? shown(group.error) : <span className="quiet">→ {wentTo(group)}</span>}
        </span>
      ),
    },
    { key: "type", head: "Type", by: (group) => shown(group.type), cell: (group) => <span className={css.cut}>{shown(group.type) || "–"}</span> },
    { key: "last", head: "Last", by: (group) => toMs(group.last_seen), cell: (group) => <Seen at={group.last_seen} now={now} /> },
    { key: "first", head: "Since", by: (group) => toMs(group.first_seen), cell: (group) => <Seen at={group.first_seen} now={now} ago={false} /> },
    { key: "note", head: "Note", cell: (group) => (group.note ? <span className={css.cut} title={shown(group.note)}>{shown(group.note)}</span> : null) },
  ];
  return notes ? told : told.filter((column) => column.key !== "note");
}

const DAY_MS = 86_400_000;

/** A time without its date where that is the last day. */
function Seen({ at, now, ago = true }: { at: string; now: number | undefined; ago?: boolean }) {
  const isDated = useOfNow((present) => (now ?? present) - toMs(at) > DAY_MS);
  return (
    <>
      <Time at={at} digits={0} date={isDated} />{" "}
      {ago ? (
        <span className="quiet">
          <Ago at={at} now={now} />
        </span>
      ) : null}
    </>
  );
}
