// One message: its story in a sentence, its route, its content, why we think so, and what it caused.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { liveMessage } from "@/api/shared";
import { Problem } from "@/api/client";
import { useShortcut } from "@/app/keys";
import { useRefresh } from "@/app/preferences";
import { shown } from "@/model/names";
import type { Told } from "@/model/story";
import { AsOf } from "@/parts/AsOf";
import { Lasted } from "@/parts/message/Lasted";
import { RouteStrip } from "@/parts/message/RouteStrip";
import { Story } from "@/parts/message/Story";
import { Asking, Failed, Nothing } from "@/parts/Nothing";
import { Page } from "@/parts/Page";
import { State } from "@/parts/State";
import { Tabs } from "@/parts/Tabs";
import { Actions } from "./Actions";
import { BodyTab } from "./BodyTab";
import { FactsTab } from "./FactsTab";
import { HeadersTab } from "./HeadersTab";
import css from "./Message.module.css";
import { Neighbours } from "./Neighbours";
import { type Tab, TABS } from "./search";
import { WhyTab } from "./WhyTab";

const route = getRouteApi("/messages/$uid");
const NOT_FOUND = 404;
const GONE = 410;

export default function Message() {
  const { uid } = route.useParams();
  const { data, error, refetch } = useQuery(liveMessage(uid, useRefresh()));
  if (error instanceof Problem && (error.status === NOT_FOUND || error.status === GONE)) return <NotHere uid={uid} problem={error} />;
  if (data) return <Whole message={data} />;
  return (
    <Page title={`Message ${uid}`} name={uid}>
      {error ? <Failed error={error} again={() => void refetch()} /> : <Asking />}
    </Page>
  );
}

function Whole({ message }: { message: Told }) {
  const { tab = "body" } = route.useSearch();
  useTabKeys();
  return (
    <Page
      title={
        <span className={css.title}>
          {shown(message.message_type ?? message.type) || "Message"} <code>{message.uid}</code> <State state={message.state} />
        </span>
      }
      name={message.uid}
      facts={<Lasted message={message} />}
      actions={<Actions message={message} />}
    >
      <AsOf shows="now" what="the message" />
      <Story message={message} />
      <RouteStrip message={message} />
      <div className={css.columns}>
        <div>
          <Tabs label="Parts of the message" name="tab" open={tab} tabs={TABS.map((value) => ({ value, name: NAMES[value] }))} />
          <Opened tab={tab} message={message} />
        </div>
        <Neighbours message={message} />
      </div>
    </Page>
  );
}

const NAMES: Record<Tab, string> = { body: "Body", headers: "Headers", facts: "Facts", why: "Why we think so" };

function Opened({ tab, message }: { tab: Tab; message: Told }) {
  switch (tab) {
    case "body": return <BodyTab key={message.uid} message={message} />;
    case "headers": return <HeadersTab message={message} />;
    case "facts": return <FactsTab uid={message.uid} />;
    case "why": return <WhyTab message={message} />;
  }
}

function useTabKeys(): void {
  const navigate = useNavigate({ from: "/messages/$uid" });
  const open = (tab: Tab) => void navigate({ search: (before) => ({ ...before, tab: tab === "body" ? undefined : tab }), replace: true });
  useShortcut("1", "Show the body", () => open("body"));
  useShortcut("2", "Show the headers", () => open("headers"));
  useShortcut("3", "Show the facts", () => open("facts"));
  useShortcut("4", "Show why we think so", () => open("why"));
}

/** A message that the API does not have, and why: removed by retention, of another log, still to come, or no message. */
function NotHere({ uid, problem }: { uid: string; problem: Problem }) {
  return (
    <Page title={`Message ${uid}`} name={uid}>
      <Nothing what={problem.status === GONE ? "This message is no longer kept." : "There is no such message."} why={problem.message}>
        <Link to="/messages">Search messages</Link>
        <Link to="/capture">What was captured</Link>
      </Nothing>
    </Page>
  );
}
