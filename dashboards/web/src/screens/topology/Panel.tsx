// What is chosen in the picture, beside it: an edge with its figures and its messages, or a node with its neighbourhood.
import type { ReactNode } from "react";
import { edgeSaid, edgeUse, edgeVerb, failuresSaid, nodeName, nodeUse, USE_SAID } from "@/model/edges";
import { byId, type Node } from "@/model/graph";
import { messagesAt, messagesOf } from "@/model/messages-of";
import { shown } from "@/model/names";
import { count, rate } from "@/model/numbers";
import { NodeLink } from "@/parts/NodeLink";
import { Button } from "@/parts/Button";
import { MessagesLink } from "@/parts/links";
import { TimeAgo } from "@/parts/Time";
import type { ShownEdge, ShownNode } from "./fold";
import css from "./Panel.module.css";
import type { Chosen } from "./search";
import type { Told } from "./told";
import type { View } from "./view";

type Props = {
  view: View;
  /** All nodes told, with those that are folded. */
  nodes: ReadonlyMap<string, Node>;
  told: ReadonlyMap<string, Told>;
  /** What "ago" counts from (ms); the present where it is not given. */
  now: number | undefined;
  chosen: Chosen;
  onChoose: (chosen: Chosen) => void;
  onFocusNode: (id: string) => void;
  onFold: (id: string) => void;
};

export function Panel(props: Props) {
  const { view, chosen, onChoose } = props;
  const edge = view.shown.edges.find((each) => each.key === chosen.edge);
  const node = byId(view.shown.nodes).get(chosen.node ?? "");
  if (!edge && !node) return null;
  return (
    <aside className={css.panel} aria-label="What is chosen">
      <div className={css.close}>
        <Button aria-label="Close" title="Escape" onClick={() => onChoose({})}>
          Close
        </Button>
      </div>
      {edge ? <EdgePart {...props} edge={edge} /> : node ? <NodePart {...props} node={node} /> : null}
    </aside>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function EdgePart({ view, nodes, now, edge }: Props & { edge: ShownEdge }) {
  const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)];
  const q = from && to ? messagesOf(edge, from, to) : null;
  const failed = from && to && edge.failures ? messagesOf(edge, from, to, true) : null;
  const between = edge.kind === "exchange-binding" || edge.kind === "alternate";
  return (
    <>
      <h2>{edgeSaid(edge, nodes)}</h2>
      <p className={css.ends}>
        {from ? <NodeLink node={from} /> : shown(edge.from)} <span aria-label="to">→</span> {to ? <NodeLink node={to} /> : shown(edge.to)}
      </p>
      <dl>
        <Row name="what">{edgeVerb(edge)}</Row>
        <Row name="state">{USE_SAID[edgeUse(edge, view.declaredKnown)]}</Row>
        <Row name="rate">
          {rate(edge.rate_per_s)} <span className="quiet">in the last minute</span>
        </Row>
        <Row name="messages">
          {count(edge.messages)} <span className="quiet">since the retained log begins</span>
        </Row>
        {edge.kind === "deliver" ? <Row name="deliveries">{count(edge.deliveries)}</Row> : null}
        {edge.failures === null ? null : (
          <Row name="failed">
            <span className={edge.failures ? css.bad : undefined}>{failuresSaid(edge)}</span>
            {Object.entries(edge.failures_by).map(([what, number]) => (
              <span key={what} className="quiet">
                {" "}
                {what} {count(number ?? 0)}
              </span>
            ))}
          </Row>
        )}
        <Row name="first">
          <TimeAgo at={edge.first_seen} now={now} />
        </Row>
        <Row name="last">
          <TimeAgo at={edge.last_seen} now={now} />
        </Row>
        {edge.binding_keys.length ? (
          <Row name={edge.binding_keys.length === 1 ? "key" : "keys"}>
            <span className="mono">{edge.binding_keys.map((key) => (key === "" ? "(empty)" : shown(key))).join("  ")}</span>
          </Row>
        ) : null}
      </dl>
      <p className={css.actions}>
        {q === null ? <span className="quiet">A name here is not UTF-8, so no query can ask for its messages.</span> : <MessagesLink q={q}>{between ? "All messages published there" : "Its messages"}</MessagesLink>}
        {failed === null ? null : <MessagesLink q={failed}>Those that failed</MessagesLink>}
      </p>
      {edge.parts.length > 1 ? <p className="quiet">Drawn as one: {edge.parts.map((part) => edgeSaid(part, nodes) + (part.reason ? ` (${part.reason})` : "")).join("; ")}.</p> : null}
    </>
  );
}

function NodePart({ view, nodes, told, now, node, onChoose, onFocusNode, onFold }: Props & { node: ShownNode }) {
  const into = view.shown.edges.filter((edge) => edge.to === node.id);
  const out = view.shown.edges.filter((edge) => edge.from === node.id);
  const all = messagesAt(node);
  const canFold = view.foldable.has(node.id);
  return (
    <>
      <h2>
        {node.kind} {nodeName(node)}
      </h2>
      <p className={css.actions}>
        <NodeLink node={node} text="Open its page" />
        {all === null ? null : <MessagesLink q={all}>Its messages</MessagesLink>}
        {view.focus === node.id ? null : <Button onClick={() => onFocusNode(node.id)}>Put at the centre</Button>}
        {canFold ? <Button onClick={() => onFold(node.id)}>{node.folded.length ? "Unfold" : "Fold"}</Button> : null}
      </p>
      <dl>
        {node.kind === "service" ? null : <Row name="vhost">{shown(node.vhost)}</Row>}
        <Row name="now">{told.get(node.id)?.both}</Row>
        {told.get(node.id)?.problem ? (
          <Row name="problem">
            <span className={css.bad}>{told.get(node.id)?.problem?.why}</span>
          </Row>
        ) : null}
        <Row name="state">{USE_SAID[nodeUse(node, view.declaredKnown)]}</Row>
        {node.role ? <Row name={node.role}>{node.role_evidence.join("; ")}</Row> : null}
        <Row name="last seen">
          <TimeAgo at={node.last_seen} now={now} />
        </Row>
      </dl>
      <Edges title="From" edges={into} end="from" nodes={nodes} view={view} onChoose={onChoose} />
      <Edges title="To" edges={out} end="to" nodes={nodes} view={view} onChoose={onChoose} />
      {node.folded.length ? (
        <>
          <h3>Folded under it</h3>
          <ul>
            {node.folded.map((each) => (
              <li key={each.id}>
                <NodeLink node={each} /> <span className="quiet">{each.kind === "exchange" ? "exchange between them" : each.role}</span>
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </>
  );
}

type EdgesProps = { title: string; edges: readonly ShownEdge[]; end: "from" | "to"; nodes: ReadonlyMap<string, Node>; view: View; onChoose: (chosen: Chosen) => void };

function Edges({ title, edges, end, nodes, view, onChoose }: EdgesProps) {
  if (edges.length === 0) return null;
  const busiestFirst = edges.toSorted((one, other) => (other.rate_per_s ?? 0) - (one.rate_per_s ?? 0));
  return (
    <>
      <h3>
        {title} <span className="quiet">{edges.length}</span>
      </h3>
      <ul>
        {busiestFirst.map((edge) => {
          const other = nodes.get(edge[end]);
          return (
            <li key={edge.key}>
              <button type="button" className={css.edge} onClick={() => onChoose({ edge: edge.key })}>
                <span>
                  {end === "to" ? <span className="quiet">{edgeVerb(edge)}</span> : null} {other ? nodeName(other) : shown(edge[end])} {end === "from" ? <span className="quiet">{edgeVerb(edge)}</span> : null}
                </span>
                {" "}
                <span className="number">{edge.observed ? rate(edge.rate_per_s) : USE_SAID[edgeUse(edge, view.declaredKnown)]}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}
