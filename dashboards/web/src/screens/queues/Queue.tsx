// One queue: what is in it and why that is believed, how it fills and empties, who puts in and takes out, and how it is set up.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { asking } from "@/api/asking";
import { client, Problem, type Schemas } from "@/api/client";
import { useRefresh } from "@/app/preferences";
import { messagesAt } from "@/model/messages-of";
import { fromParam, shown } from "@/model/names";
import { count, plural, total } from "@/model/numbers";
import { all, is } from "@/model/query";
import { problemSaid } from "@/model/queues";
import { MessagesLink } from "@/parts/links";
import { AsOf } from "@/parts/AsOf";
import { Asking, Failed, Nothing } from "@/parts/Nothing";
import { NotKnown } from "@/parts/NotKnown";
import { Page, Section } from "@/parts/Page";
import { Edges } from "@/parts/place/Edges";
import { Latencies } from "@/parts/place/Latencies";
import { NodeById, useNodes } from "@/parts/place/nodes";
import { Types } from "@/parts/place/Types";
import { Rates } from "@/parts/Rates";
import { Time, TimeAgo } from "@/parts/Time";
import { Consumers } from "./Consumers";
import { Contents } from "./Contents";
import css from "./Queues.module.css";
import { Setup } from "./Setup";

const route = getRouteApi("/queues/$vhost/$name");
type Detail = Schemas["QueueDetailOut"];

export const queueQuery = (vhost: string, name: string, refreshMs: number | false) =>
  asking(["queue", vhost, name], (signal) => client.GET("/api/v1/queues/{vhost}/{name}", { params: { path: { vhost, name } }, signal }), refreshMs);

export default function Queue() {
  const { vhost, name } = route.useParams();
  const { data, error, refetch } = useQuery(queueQuery(vhost, name, useRefresh()));
  const text = shown(fromParam(name));
  if (data) return <Known queue={data} vhost={vhost} name={name} />;
  return (
    <Page title={text} name={text}>
      {error instanceof Problem && error.status === 404 ? (
        <Nothing what={`No queue ${text} is known in vhost ${shown(fromParam(vhost))}.`} why={<NotKnown problem={error} never="The broker told of none of this name, and no message went through one." />}>
          <Link to="/queues">All queues</Link>
        </Nothing>
      ) : error ? (
        <Failed error={error} again={() => void refetch()} />
      ) : (
        <Asking />
      )}
    </Page>
  );
}

function Known({ queue, vhost, name }: { queue: Detail; vhost: string; name: string }) {
  const nodes = useNodes();
  const search = route.useSearch();
  const navigate = useNavigate();
  const { id } = queue.node;
  const into = queue.edges.filter((edge) => edge.to === id);
  const dead = queue.edges.filter((edge) => edge.from === id && edge.kind === "dead-letter");
  const out = queue.edges.filter((edge) => edge.from === id && edge.kind !== "dead-letter");
  const served = [...nodes.values()].filter((node) => node.main === id);
  const q = messagesAt(queue.node);
  return (
    <Page title={shown(queue.name)} name={shown(queue.name)} facts={<Head queue={queue} />} actions={<Links queue={queue} q={q} />}>
      <AsOf shows="now" />
      {queue.problem ? (
        <p className={css.warning}>
          <b className={css.problem}>{problemSaid(queue.problem)}</b>: {queue.problem.why}, since <Time at={queue.problem.since} />
        </p>
      ) : null}
      {queue.role ? (
        <p>
          A {queue.role} queue{queue.main ? " of " : ""}
          {queue.main ? <NodeById nodes={nodes} id={queue.main} /> : null}: {queue.node.role_evidence.join("; ")}.
        </p>
      ) : null}
      <Rates about={id} />
      <Section title="Contents" facts={<Counts queue={queue} />}>
        <label className={css.switch}>
          <input type="checkbox" checked={search.waiting ?? false} onChange={(event) => void navigate({ to: "/queues/$vhost/$name", params: { vhost, name }, replace: true, search: { ...search, waiting: event.target.checked || undefined } })} /> only
          what waits
        </label>
        <Contents vhost={vhost} name={name} waiting={search.waiting ?? false} />
      </Section>
      <Section title="Comes from" facts={count(into.length)}>
        <Edges caption="Comes from" edges={into} other="from" nodes={nodes} keys empty="No binding leads here, and nothing was seen to come." />
      </Section>
      <Section title="Published by" facts={count(queue.inputs.length)}>
        <Types caption="Message types that come" types={queue.inputs} place="published by" nodes={nodes} q={q} empty="No message was seen to come." />
      </Section>
      <Section title="Goes to" facts={count(out.length)}>
        <Edges caption="Goes to" edges={out} other="to" nodes={nodes} empty="Nobody was seen to consume from it." />
      </Section>
      <Section title="Consumers now" facts={count(queue.consumers_list.length)}>
        <Consumers consumers={queue.consumers_list} nodes={nodes} />
      </Section>
      <Section title="Dead letters go to" facts={count(dead.length)}>
        <Edges caption="Dead letters go to" edges={dead} other="to" nodes={nodes} keys empty={queue.dead_lettered ? "Where they go is not known." : "It has no dead-letter exchange, and no dead letter of it was seen."} />
      </Section>
      {served.length > 0 ? (
        <Section title="Queues that serve it" facts={count(served.length)}>
          <ul>
            {served.map((node) => (
              <li key={node.id}>
                <NodeById nodes={nodes} id={node.id} /> <span className="quiet">{[node.role, ...node.role_evidence].join("; ")}</span>
              </li>
            ))}
          </ul>
        </Section>
      ) : null}
      <Section title="Latencies">
        <Latencies at={(row) => row.queue !== null && row.vhost !== null && shown(row.queue) === shown(queue.name) && shown(row.vhost) === shown(queue.vhost)} empty="No delivery from it in this time." />
      </Section>
      <Section title="Set up as">
        <Setup queue={queue} />
      </Section>
    </Page>
  );
}

function Head({ queue }: { queue: Detail }) {
  return (
    <>
      {shown(queue.type)} queue in vhost {shown(queue.vhost)} · {plural(queue.waiting, "message waits", "messages wait")}, {count(queue.delivered)} handed out · last delivery{" "}
      <TimeAgo at={queue.last_delivered_at} />
    </>
  );
}

function Counts({ queue }: { queue: Detail }) {
  const { agreement } = queue;
  return (
    <>
      {count(queue.waiting)} waiting, {count(queue.delivered)} handed out
      {queue.uncertain ? `, ${total(queue.uncertain, "exact")} more only counted` : ""}
      {queue.unseen ? `, ${count(queue.unseen)} that the broker counts and capture never saw` : ""}. Broker: {queue.broker_ready === null ? "not told" : `${count(queue.broker_ready)} ready, ${count(queue.broker_unacked ?? 0)} unacknowledged`} (
      {agreement.why}, {agreement.confidence} sure)
    </>
  );
}

function Links({ queue, q }: { queue: Detail; q: string | null }) {
  const { id } = queue.node;
  return (
    <nav className={css.links} aria-label="Of this queue">
      {q === null ? null : <MessagesLink q={q}>Its messages</MessagesLink>}
      {typeof queue.name === "string" && queue.dead_lettered > 0 ? (
        <MessagesLink q={all(is("copies.queue", queue.name), "copies.dead_letter.reason:*")}>Died here {count(queue.dead_lettered)}</MessagesLink>
      ) : null}
      <Link to="/topology" search={{ focus: id, node: id }}>
        In the topology
      </Link>
    </nav>
  );
}
