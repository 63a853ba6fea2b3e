// How a conversation is looked at: the view, what is searched for in it, repeats, time, queues.
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useShortcut } from "@/app/keys";
import { count } from "@/model/numbers";
import { Button } from "@/parts/Button";
import { Tabs } from "@/parts/Tabs";
import css from "./Conversation.module.css";
import { NONE } from "./model/tree";
import { nextOf } from "./model/facts";
import type { Scene } from "./scene";
import { type View, VIEWS } from "./search";

const route = getRouteApi("/conversations/$traceId");

export function Controls({ scene, view }: { scene: Scene; view: View }) {
  const search = route.useSearch();
  const navigate = useNavigate();
  const change = (more: Record<string, string | undefined>) => void navigate({ to: ".", search: (before: Record<string, unknown>) => ({ ...before, ...more }), replace: true });
  const { folded, conversation, found } = scene;
  const repeats = folded.groups.size > 0 && (view === "sequence" || view === "waterfall");
  return (
    <div className={css.controls}>
      <Tabs label="View" name="view" tabs={VIEWS.map((value) => ({ value, name: value }))} open={view} />
      <form
        className={css.find}
        onSubmit={(event) => {
          event.preventDefault();
          const next = nextOf([...found], scene.selected);
          if (next !== NONE) scene.select(next);
        }}
      >
        <input
          type="search"
          aria-label="Find in this conversation"
          placeholder="Find in this conversation"
          defaultValue={search.find}
          onChange={(event) => change({ find: event.target.value || undefined })}
        />
        <span className="quiet" role="status">
          {search.find ? `${count(found.size)} found` : ""}
        </span>
      </form>
      <div className={css.switches}>
        {view === "sequence" ? (
          <>
            <Switch name="Time to scale" on={search.scale === "time"} to={(on) => change({ scale: on ? "time" : undefined })} />
            <Switch name="Queues" on={search.queues === "1"} to={(on) => change({ queues: on ? "1" : undefined })} />
          </>
        ) : null}
        {view === "waterfall" ? <Zoom scene={scene} zoom={search.zoom} to={(zoom) => change({ zoom })} /> : null}
        {repeats ? <Switch name="Fold repeats" on={search.open !== "all"} to={(on) => change({ open: on ? undefined : "all" })} /> : null}
        {repeats && folded.order.length < conversation.messages.length ? (
          <span className="quiet">
            {count(folded.order.length)} of {count(conversation.messages.length)} shown, the others are repeats
          </span>
        ) : null}
      </div>
    </div>
  );
}

/** Widens the time axis to what the message that is looked at and its effects took, and back. */
function Zoom({ scene: { conversation, selected }, zoom, to }: { scene: Scene; zoom: string | undefined; to: (uid: string | undefined) => void }) {
  const uid = conversation.messages[selected]?.uid;
  useShortcut("z", "Zoom the waterfall to the message and what it caused, or back", () => to(zoom === undefined || (uid !== undefined && zoom !== uid) ? uid : undefined));
  return (
    <>
      <Button disabled={uid === undefined || uid === zoom} onClick={() => to(uid)}>
        Zoom to {uid ?? "the selected"} <kbd>z</kbd>
      </Button>
      {zoom === undefined ? null : <Button onClick={() => to(undefined)}>Whole time</Button>}
    </>
  );
}

function Switch({ name, on, to }: { name: string; on: boolean; to: (on: boolean) => void }) {
  return (
    <label className={css.switch}>
      <input type="checkbox" checked={on} onChange={(event) => to(event.target.checked)} /> {name}
    </label>
  );
}
