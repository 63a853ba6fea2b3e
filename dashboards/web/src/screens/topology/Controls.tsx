// What of the topology is shown, and how: find, filters, focus and hops, picture or table, exports.
import { Link } from "@tanstack/react-router";
import { useShortcut } from "@/app/keys";
import { nodeName } from "@/model/edges";
import { byId, vhostsOf, type Graph } from "@/model/graph";
import { fromParam, shown } from "@/model/names";
import { Button } from "@/parts/Button";
import css from "./Controls.module.css";
import { NodeSearch } from "./NodeSearch";
import { HOPS_MOST, type TopologySearch } from "./search";
import type { View } from "./view";
import { SCALE_LEAST, SCALE_MOST, SCALE_USUAL, stepped } from "./zoom";

type Props = {
  told: Graph;
  view: View;
  search: TopologySearch;
  /** Percent, as it is drawn, and that at which all is seen. */
  scale: number;
  whole: number;
  change: (changed: TopologySearch, replace?: boolean) => void;
  onSeek: (ids: ReadonlySet<string>) => void;
};

export function Controls({ told, view, search, scale, whole, change, onSeek }: Props) {
  const vhosts = vhostsOf(told);
  return (
    <div className={css.controls}>
      <NodeSearch nodes={view.all.nodes} onFind={(id) => change({ focus: id, node: id, edge: undefined })} onSeek={onSeek} />
      {vhosts.length > 1 || search.vhost !== undefined ? (
        <label>
          vhost{" "}
          <select value={search.vhost ?? ""} onChange={(event) => change({ vhost: event.target.value || undefined, focus: undefined })}>
            <option value="">all {vhosts.length}</option>
            {vhosts.map((vhost) => (
              <option key={vhost} value={vhost}>
                {shown(fromParam(vhost))}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      <label>
        <input type="checkbox" checked={search.used ?? false} onChange={(event) => change({ used: event.target.checked || undefined })} /> only what was seen
      </label>
      <label>
        <input type="checkbox" checked={search.busy ?? false} onChange={(event) => change({ busy: event.target.checked || undefined })} /> hide what is idle
      </label>
      <Focus view={view} change={change} />
      <span className={css.space} />
      {search.view === "table" ? null : <Scale scale={scale} whole={whole} hasRoom={view.focus === undefined} onScale={(next) => change({ scale: next }, true)} />}
      <nav className={css.views} aria-label="View">
        {(["picture", "table"] as const).map((each) => (
          <Link
            key={each}
            to="/topology"
            search={{ ...search, view: each === "table" ? each : undefined }}
            activeOptions={{ exact: true, explicitUndefined: true }}
            aria-current={(search.view ?? "picture") === each ? "true" : undefined}
          >
            {each}
          </Link>
        ))}
      </nav>
    </div>
  );
}

function Focus({ view, change }: Pick<Props, "view" | "change">) {
  const { focus, hops } = view;
  const widen = () => change({ focus, hops: Math.min(hops + 1, HOPS_MOST) });
  const narrow = () => change({ focus, hops: Math.max(hops - 1, 1) });
  useShortcut("]", "Widen by one step", () => focus && widen());
  useShortcut("[", "Narrow by one step", () => focus && narrow());
  useShortcut("a", "Show the whole topology", () => change({ focus: "all", hops: undefined }));
  if (focus === undefined) return null;
  const node = byId(view.all.nodes).get(focus);
  return (
    <span className={css.focus}>
      around <b>{node ? nodeName(node) : shown(focus)}</b>
      {view.chosenFocus ? <span className="quiet"> (the busiest)</span> : null}, {hops} {hops === 1 ? "step" : "steps"}
      <Button aria-label="Narrow by one step" title="Narrow: [" disabled={hops <= 1} onClick={narrow}>
        −
      </Button>
      <Button aria-label="Widen by one step" title="Widen: ]" disabled={hops >= HOPS_MOST} onClick={widen}>
        +
      </Button>
      <Button title="a" onClick={() => change({ focus: "all", hops: undefined })}>
        Show all {view.all.nodes.length}
      </Button>
    </span>
  );
}

/** Without *hasRoom* the key alone shows all of it. */
function Scale({ scale, whole, hasRoom, onScale }: Pick<Props, "scale" | "whole"> & { hasRoom: boolean; onScale: (scale: number) => void }) {
  const smaller = () => onScale(stepped(scale, false));
  const larger = () => onScale(stepped(scale, true));
  useShortcut("+", "Larger", larger);
  useShortcut("-", "Smaller", smaller);
  useShortcut("0", "Size of 100 %", () => onScale(SCALE_USUAL));
  useShortcut("w", "All of it in view", () => onScale(whole));
  return (
    <span className={css.focus}>
      <Button aria-label="Smaller" title="Smaller: -" disabled={scale <= SCALE_LEAST} onClick={smaller}>
        −
      </Button>
      {Math.round(scale)} %
      <Button aria-label="Larger" title="Larger: +" disabled={scale >= SCALE_MOST} onClick={larger}>
        +
      </Button>
      {hasRoom && whole < SCALE_USUAL ? (
        <Button title="All of it in view: w" disabled={scale === whole} onClick={() => onScale(whole)}>
          Fit
        </Button>
      ) : null}
    </span>
  );
}
