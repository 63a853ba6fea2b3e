// The topology: who talks to whom through what, as a picture in four lanes or as tables.
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useRef, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { useQueuesAt } from "@/api/past";
import { captureQuery } from "@/api/shared";
import { useShortcut } from "@/app/keys";
import { useRefresh } from "@/app/preferences";
import { byId } from "@/model/graph";
import { count, plural } from "@/model/numbers";
import { toMs } from "@/model/time";
import { Computing } from "@/parts/Computing";
import { Page } from "@/parts/Page";
import { Controls } from "./Controls";
import { detailOf } from "./detail";
import { Empty } from "./Empty";
import { Exports } from "./Exports";
import { Legend } from "./Legend";
import { Panel } from "./Panel";
import { HEADS, Picture } from "./Picture";
import { type Chosen, opened, toOpen, type TopologySearch } from "./search";
import { Tables } from "./Tables";
import { Then } from "./Then";
import { queueRowKey, toldOf } from "./told";
import css from "./Topology.module.css";
import { useLaid, useSize } from "./useLaid";
import { useTopology } from "./useTopology";
import { type View, viewOf } from "./view";
import { SCALE_USUAL, wholeScale } from "./zoom";

const route = getRouteApi("/topology");
const EMPTY = { nodes: [], edges: [] };
/** What a bar to scroll by and the border take of the width, and the heads and what is read below of the height, in px. */
const [BESIDE, BELOW] = [18, HEADS + 28];

export default function Topology() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const { told, changes, note, error, failure, again } = useTopology(search);
  const { vhost, used, busy, open, focus, hops } = search;
  // What is chosen, and how large it is drawn, changes nothing of what is shown.
  const view = useMemo(() => viewOf(told ?? EMPTY, { vhost, used, busy, open, focus, hops }), [told, vhost, used, busy, open, focus, hops]);
  const board = useRef<HTMLDivElement>(null);
  const size = useSize(board);
  const width = Math.max(0, size.width - BESIDE);
  const laid = useLaid(view.shown, width, lookedAt(search));
  const whole = wholeScale(laid, size.height - BELOW);
  const scale = search.scale ?? (view.isLargeWhole ? whole : SCALE_USUAL);
  const [sought, setSought] = useState<ReadonlySet<string>>(new Set());
  const about = useTold(view, search.at);
  const moment = search.at === undefined ? undefined : toMs(search.at);
  const nodes = useMemo(() => byId(told?.nodes ?? []), [told]);
  const change = (changed: TopologySearch, replace = false) => void navigate({ to: "/topology", replace, search: { ...search, ...changed } });
  const chosen: Chosen = { node: search.node, edge: search.edge };
  const onChoose = ({ node, edge }: Chosen) => change({ node, edge }, true);
  const onFocusNode = (id: string) => change({ focus: id, node: id, edge: undefined });
  const onFold = (id: string) => {
    if (view.foldable.has(id)) change({ open: toOpen(toggled(opened(search.open), id)) });
  };
  useShortcut("Escape", "Let go of what is chosen", () => onChoose({}));
  const panel = <Panel view={view} nodes={nodes} told={about} now={moment} chosen={chosen} onChoose={onChoose} onFocusNode={onFocusNode} onFold={onFold} />;
  const isPicture = search.view !== "table";
  const some = view.shown.nodes.length > 0;
  return (
    <Page
      title="Topology"
      name="Topology"
      facts={told ? <Facts view={view} /> : undefined}
      actions={<Exports picture={some && width > 0 ? { laid, ...view.shown, declaredKnown: view.declaredKnown } : undefined} />}
    >
      <Then search={search} note={note} changes={changes} change={change} />
      {told ? <Controls told={told} view={view} search={search} scale={scale} whole={whole} change={change} onSeek={setSought} /> : null}
      <div className={isPicture ? css.screen : css.tables}>
        <div ref={board} className={css.main}>
          {told ? null : <Computing error={error} failure={failure} again={again} />}
          {told && !some ? <Empty told={told} view={view} search={search} change={change} /> : null}
          {some && isPicture && width > 0 ? (
            <Picture view={view} laid={laid} told={about} changes={changes} now={moment} chosen={chosen} sought={sought} scale={scale} room={width} onScale={(next) => change({ scale: next }, true)} onChoose={onChoose} onFocusNode={onFocusNode} onFold={onFold} />
          ) : null}
          {some && !isPicture ? <Tables view={view} nodes={nodes} told={about} changes={changes} now={moment} search={search} change={change} onChoose={onChoose} /> : null}
        </div>
        {panel}
      </div>
      {some && isPicture ? <Legend bars={detailOf((laid.items[0]?.height ?? 0) * (scale / SCALE_USUAL)) === "bar"} /> : null}
      <BlindSpots />
    </Page>
  );
}

function toggled(ids: ReadonlySet<string>, id: string): Set<string> {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  return next;
}

/** Return a name for what is looked at: as long as it stays, so does the order of the picture. */
function lookedAt({ vhost, used, busy, open, focus, hops, at }: TopologySearch): string {
  return JSON.stringify([vhost, used, busy, open, focus, hops, at]);
}

function useTold(view: View, at: string | undefined) {
  const { data } = useQueuesAt(at);
  return useMemo(() => {
    const rows = new Map((data?.items ?? []).map((row) => [queueRowKey(row.vhost, row.name), row]));
    return toldOf(view.shown, rows);
  }, [view.shown, data]);
}

function part(number: number, total: number, what: string): string {
  return number === total ? plural(total, what) : `${count(number)} of ${plural(total, what)}`;
}

function Facts({ view }: { view: View }) {
  const { nodes, edges } = view.shown;
  const told = [
    part(nodes.length, view.total.nodes, "node"),
    part(edges.length, view.total.edges, "edge"),
    view.foldedCount ? `${plural(view.foldedCount, "node")} folded` : "",
    view.builtIns ? `${plural(view.builtIns, "unused built-in exchange")} left out` : "",
    "counts since the retained log begins",
  ];
  return told.filter((each) => each !== "").join(" · ");
}

function BlindSpots() {
  const { data } = useQuery(captureQuery(useRefresh()));
  const spots = data?.blind_spots ?? [];
  if (spots.length === 0) return null;
  return (
    <p className="quiet">
      {plural(spots.length, "thing")} that the broker does to messages cannot be seen, and {spots.length === 1 ? "is" : "are"} not in here: <Link to="/capture">what cannot be seen</Link>.
    </p>
  );
}
