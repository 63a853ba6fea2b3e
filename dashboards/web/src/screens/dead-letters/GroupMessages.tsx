// The messages of a group with what became of each; some can be chosen to be published again or put away.
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { client, type Schemas } from "@/api/client";
import { FATE_SAID, FATES, type Fate } from "@/model/deaths";
import { excerptOf } from "@/model/excerpt";
import { shown } from "@/model/names";
import { count, ofTotal, plural } from "@/model/numbers";
import { Allowed, useMay } from "@/parts/Allowed";
import { Button } from "@/parts/Button";
import { MessageLink } from "@/parts/links";
import { type Column, Table } from "@/parts/Table";
import { Time } from "@/parts/Time";
import css from "./DeadLetters.module.css";
import { FateWord } from "./Fates";
import { RetryDialog } from "@/parts/retry/RetryDialog";
import { useDoing } from "./useDoing";

type Message = Schemas["DeadLetterMessageOut"];
type Props = { messages: readonly Message[]; total: number; state: Fate | undefined; onState: (state: Fate | undefined) => void; onOpen: (uid: string) => void; children: ReactNode };

export function GroupMessages({ messages, total, state, onState, onOpen, children }: Props) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const there = messages.filter((message) => chosen.has(message.uid));
  const may = useMay("retry");
  const choose = (uid: string, wanted: boolean) => {
    const next = new Set(chosen);
    if (wanted) next.add(uid);
    else next.delete(uid);
    setChosen(next);
  };
  return (
    <>
      <div className={css.tools}>
        <label>
          Only those that are{" "}
          <select value={state ?? ""} onChange={(event) => onState((event.target.value || undefined) as Fate | undefined)}>
            <option value="">in any state</option>
            {FATES.map((fate) => (
              <option key={fate} value={fate}>
                {FATE_SAID[fate]}
              </option>
            ))}
          </select>
        </label>
        <span>{ofTotal(messages.length, total, "exact")} shown, newest first</span>
        {there.length > 0 ? <WithChosen uids={there.map((message) => message.uid)} clear={() => setChosen(new Set())} /> : null}
      </div>
      <Table caption="Messages of the group" columns={may ? [choosing(chosen, choose), ...columns] : columns} rows={messages} rowKey={(message) => message.uid} onOpen={(message) => onOpen(message.uid)} />
      {children}
    </>
  );
}

function WithChosen({ uids, clear }: { uids: string[]; clear: () => void }) {
  const [open, setOpen] = useState(false);
  const archive = useDoing((archived: boolean) => client.POST("/api/v1/dead-letters/archive", { body: { uids, archived } }));
  const what = uids.length === 1 ? `message ${uids[0]}` : `${count(uids.length)} messages`;
  return (
    <Allowed scope="retry" what="Retry">
      <Button onClick={() => setOpen(true)}>Retry {plural(uids.length, "message")} …</Button>
      <Button onClick={() => archive.mutate(true, { onSuccess: clear })} disabled={archive.isPending}>
        Archive {plural(uids.length, "message")}
      </Button>
      <Button onClick={clear}>Choose none</Button>
      {archive.error ? <span className={css.failed}>{archive.error.message}</span> : null}
      <RetryDialog open={open} onClose={() => setOpen(false)} selection={{ uids }} what={what} />
    </Allowed>
  );
}

/** Only who may retry has something to choose messages for. */
function choosing(chosen: ReadonlySet<string>, choose: (uid: string, wanted: boolean) => void): Column<Message> {
  return {
    key: "choose",
    head: <span className="unseen">Chosen</span>,
    cell: (message) => <input type="checkbox" aria-label={`Choose ${message.uid}`} checked={chosen.has(message.uid)} onChange={(event) => choose(message.uid, event.target.checked)} />,
  };
}

const columns: readonly Column<Message>[] = [
  { key: "published", head: "Published", cell: (message) => <Time at={message.published_at} /> },
  { key: "uid", head: "Message", cell: (message) => <MessageLink uid={message.uid} /> },
  { key: "fate", head: "What became of it", by: (message) => message.fate, cell: (message) => <FateWord fate={message.fate} /> },
  { key: "again", head: "Published again as", cell: (message) => <Again message={message} /> },
  { key: "body", head: "Body", cell: (message) => <span className={css.long}>{excerptOf(message.body, []).pieces.map((piece) => piece.text)}</span> },
  { key: "error", head: "Error", cell: (message) => <span className={css.long} title={shown(message.error)}>{shown(message.error) || "–"}</span> },
];

function Again({ message }: { message: Message }) {
  if (!message.retry && !message.retried_as) return <span className="quiet">–</span>;
  return (
    <>
      {message.retried_as ? <MessageLink uid={message.retried_as} /> : null}{" "}
      {message.retry ? (
        <Link to="/retries/$id" params={{ id: message.retry }}>
          retry
        </Link>
      ) : null}
    </>
  );
}
