// One conversation: sequence, waterfall, graph and list of the same messages, with one of them looked at.
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo } from "react";
import { Problem } from "@/api/client";
import { useShortcut } from "@/app/keys";
import { usePreferences } from "@/app/preferences";
import { shown, fromParam } from "@/model/names";
import { count, total as totalWords } from "@/model/numbers";
import { fromMs } from "@/model/time";
import { AsOf } from "@/parts/AsOf";
import { Button } from "@/parts/Button";
import { Asking, Failed } from "@/parts/Nothing";
import { Page } from "@/parts/Page";
import { Time } from "@/parts/Time";
import { Controls } from "./Controls";
import css from "./Conversation.module.css";
import { Exports } from "./Exports";
import { HeadFacts, Reservations, Root } from "./Head";
import { Legend } from "./Legend";
import { List, listOrder } from "./List";
import { nextOf } from "./model/facts";
import { groupsToOpen } from "./model/fold";
import { NONE } from "./model/tree";
import { NotKept } from "./NotKept";
import type { Scene } from "./scene";
import type { View } from "./search";
import { Selected } from "./Selected";
import { Sequence } from "./Sequence";
import { useConversation } from "./useConversation";
import { useSelection } from "./useSelection";
import { Waterfall } from "./Waterfall";

const Graph = lazy(() => import("./Graph"));
const route = getRouteApi("/conversations/$traceId");
const ABSENT = [404, 410];

export default function Conversation() {
  const { traceId } = route.useParams();
  const search = route.useSearch();
  const view = search.view ?? "sequence";
  const told = useConversation(traceId, search.open, search.find);
  const selection = useSelection();
  const scene = useScene(told, selection);
  useOpened(told, view, scene.selected);
  useConversationKeys(scene, view);
  const { answer, conversation } = told;
  const name = `Conversation ${shown(fromParam(traceId))}`;
  const first = conversation.messages[0];
  if (answer.error instanceof Problem && ABSENT.includes(answer.error.status)) return <NotKept traceId={traceId} name={name} problem={answer.error} />;
  if (answer.error && !first) {
    return (
      <Page title="Conversation" name={name}>
        <Failed error={answer.error} again={() => void answer.refetch()} />
      </Page>
    );
  }
  if (!first) {
    return (
      <Page title="Conversation" name={name}>
        <Asking />
      </Page>
    );
  }
  const failure = () => scene.select(nextFailure(scene, view));
  const more = answer.hasNextPage ? <More loaded={conversation.messages.length} told={told} /> : null;
  const stale = answer.error ? <Stale error={answer.error} at={answer.dataUpdatedAt} /> : null;
  return (
    <Page fill title={<Root message={first} />} name={name} actions={<Exports scene={scene} traceId={traceId} queues={search.queues === "1"} />}>
      <AsOf shows="now" what="the conversation" />
      <HeadFacts scene={scene} total={told.total} totalIs={told.totalIs} now={answer.dataUpdatedAt} onFailure={failure} />
      <Reservations scene={scene} capture={told.capture} now={answer.dataUpdatedAt} more={[stale, more]} />
      <Controls scene={scene} view={view} />
      <div className={css.views}>
        <div className={css.view}>
          {view === "sequence" ? <Sequence scene={scene} time={search.scale === "time"} queues={search.queues === "1"} /> : null}
          {view === "waterfall" ? <Waterfall scene={scene} zoom={search.zoom === undefined ? undefined : conversation.indexOf.get(search.zoom)} /> : null}
          {view === "list" ? <Listed scene={scene} /> : null}
          {view === "graph" ? (
            <Suspense fallback={<Asking />}>
              <Graph scene={scene} />
            </Suspense>
          ) : null}
          <Legend view={view} scene={scene} time={search.scale === "time"} />
        </div>
        {scene.selected === NONE ? null : <Selected scene={scene} uid={selection.written} onClose={() => scene.select(NONE)} />}
      </div>
    </Page>
  );
}

function Listed({ scene }: { scene: Scene }) {
  const { messages } = scene.conversation;
  return <List scene={scene} order={useMemo(() => listOrder(messages), [messages])} />;
}

/** What is shown is what was told before it could not be asked again. */
function Stale({ error, at }: { error: Error; at: number }) {
  return (
    <>
      As it was known at <Time at={fromMs(at)} digits={0} />: {error.message}
    </>
  );
}

type Told = ReturnType<typeof useConversation>;

function More({ loaded, told: { answer, total, totalIs } }: { loaded: number; told: Told }) {
  return (
    <>
      {count(loaded)} of {totalWords(total, totalIs)} messages are loaded, the earliest ones.{" "}
      <Button disabled={answer.isFetchingNextPage} onClick={() => void answer.fetchNextPage()}>
        {answer.isFetchingNextPage ? "Loading …" : `Load ${count(Math.min(total - loaded, 10_000))} more`}
      </Button>
    </>
  );
}

function useScene(told: Told, selection: ReturnType<typeof useSelection>): Scene {
  const { zone } = usePreferences();
  const navigate = useNavigate();
  const { open } = route.useSearch();
  const { conversation, folded, facts, gaps, path, found } = told;
  const { now, select } = selection;
  const base = useMemo(
    () => ({
      conversation, folded, facts, gaps, path, found, zone,
      select: (index: number) => select(conversation.messages[index]?.uid),
      openMessage: (index: number) => {
        const uid = conversation.messages[index]?.uid;
        if (uid) void navigate({ to: "/messages/$uid", params: { uid } });
      },
      toggle: (first: number) => {
        const uid = conversation.messages[first]?.uid ?? "";
        const opened = open === "all" ? [...folded.groups.keys()].map((each) => conversation.messages[each]?.uid ?? "") : (open?.split(",") ?? []);
        const next = opened.includes(uid) ? opened.filter((each) => each !== uid) : [...opened, uid];
        void navigate({ to: ".", search: (before: Record<string, unknown>) => ({ ...before, open: next.join(",") || undefined }), replace: true });
      },
    }),
    [conversation, folded, facts, gaps, path, found, zone, select, navigate, open],
  );
  return { ...base, selected: now === undefined ? NONE : (conversation.indexOf.get(now) ?? NONE) };
}

/** Open the groups of repeats in which the message that is looked at would not be seen. */
function useOpened({ conversation, marks, folded }: Told, view: View, selected: number): void {
  const navigate = useNavigate();
  const hidden = selected !== NONE && !folded.shown[selected] && (view === "sequence" || view === "waterfall");
  useEffect(() => {
    if (!hidden) return;
    const groups = groupsToOpen(conversation, marks, selected).map((first) => conversation.messages[first]?.uid ?? "");
    void navigate({
      to: ".",
      search: (before: Record<string, unknown>) => ({ ...before, open: [...new Set([...String(before["open"] ?? "").split(",").filter(Boolean), ...groups])].join(",") }),
      replace: true,
    });
  }, [hidden, conversation, marks, selected, navigate]);
}

function nextFailure({ facts, folded, selected }: Scene, view: View, back = false): number {
  const shownOnes = view === "list" ? facts.failures : facts.failures.filter((index) => folded.shown[index]);
  return nextOf(shownOnes, selected, back);
}

function useConversationKeys(scene: Scene, view: View): void {
  const go = (index: number) => {
    if (index !== NONE) scene.select(index);
  };
  useShortcut("[", "To the message that caused it", () => go(scene.conversation.parents[scene.selected] ?? NONE));
  useShortcut("]", "To the next failure", () => go(nextFailure(scene, view)));
  useShortcut("}", "To the failure before", () => go(nextFailure(scene, view, true)));
}
