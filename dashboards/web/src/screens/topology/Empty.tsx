// Why there is nothing in the picture, and the next step.
import { Link } from "@tanstack/react-router";
import type { Graph } from "@/model/graph";
import { Button } from "@/parts/Button";
import { Nothing } from "@/parts/Nothing";
import { shown } from "@/model/names";
import type { TopologySearch } from "./search";
import type { View } from "./view";

export function Empty({ told, view, search, change }: { told: Graph; view: View; search: TopologySearch; change: (changed: TopologySearch) => void }) {
  if (view.focusGone) {
    return (
      <Nothing what={`${shown(search.focus)} is not in here.`} why="It was never seen, or the filters leave it out.">
        <Button onClick={() => change({ focus: undefined, node: undefined, edge: undefined, vhost: undefined, used: undefined, busy: undefined })}>Show everything</Button>
      </Nothing>
    );
  }
  if (told.nodes.length > 0 && view.total.nodes > 0) {
    return (
      <Nothing what="The filters leave nothing." why={search.busy ? "No message was seen in the last minute." : "Nothing that is left was seen."}>
        <Button onClick={() => change({ vhost: undefined, used: undefined, busy: undefined })}>Take the filters away</Button>
      </Nothing>
    );
  }
  return (
    <Nothing
      what={told.nodes.length > 0 ? "Only the exchanges that every broker has are there yet." : "Nothing was captured yet."}
      why="Services, exchanges and queues stand here as soon as capture tells of them or a message goes through them. hoptrail run captures and serves in one."
    >
      <Link to="/capture">See what capture does</Link>
    </Nothing>
  );
}
