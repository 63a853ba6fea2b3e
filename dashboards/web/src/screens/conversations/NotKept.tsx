// What a conversation shows of which no message is kept, and why: removed by retention, or an id alone does not tell.
import { Link } from "@tanstack/react-router";
import type { Problem } from "@/api/client";
import { fromParam, shown } from "@/model/names";
import { Nothing } from "@/parts/Nothing";
import { NotKnown } from "@/parts/NotKnown";
import { Page } from "@/parts/Page";

const GONE = 410;

export function NotKept({ traceId, name, problem }: { traceId: string; name: string; problem: Problem }) {
  const id = shown(fromParam(traceId));
  const isGone = problem.status === GONE;
  return (
    <Page title="Conversation" name={name}>
      <Nothing
        what={isGone ? `The conversation ${id} is no longer kept.` : `No message of a conversation ${id} is kept.`}
        why={isGone ? problem.message : <NotKnown problem={problem} never="Retention has removed nothing: the id is of another system, or of messages that were not captured." />}
      >
        <Link to="/conversations">All conversations</Link>
        <Link to="/capture">What was captured</Link>
      </Nothing>
    </Page>
  );
}
