// Says plainly that the topology is not that of now, and what has changed since.
import { AsOf } from "@/parts/AsOf";
import type { TopologySearch } from "./search";
import css from "./Topology.module.css";
import type { Compared } from "./view";

type Props = { search: TopologySearch; note: string | null; changes: Compared | undefined; change: (changed: TopologySearch) => void };

export function Then({ search, note, changes, change }: Props) {
  if (search.at === undefined) return null;
  const all = changes ? [...changes.nodes.values(), ...changes.edges.values()] : [];
  const number = (what: string) => all.filter((each) => each === what).length;
  return (
    <>
      <AsOf shows="then" what="the topology" />
      <p className={css.then}>
        <label>
          <input type="checkbox" checked={search.compare ?? false} onChange={(event) => change({ compare: event.target.checked || undefined })} /> compare with now
        </label>
        {changes ? (
          <span>
            since then {number("appeared")} appeared, {number("gone")} are gone
          </span>
        ) : null}
        {note === null ? null : <span className="quiet">{note}</span>}
      </p>
    </>
  );
}
