// One exchange: who publishes to it, where it routes by which keys, what it could not route, and how it is set up.
import { Link } from "@tanstack/react-router";
import { Problem, type Schemas } from "@/api/client";
import { messagesAt } from "@/model/messages-of";
import { exchangeName, shown, type Text } from "@/model/names";
import { count, rate } from "@/model/numbers";
import { all, is } from "@/model/query";
import { argumentsSaid } from "@/model/queues";
import { Facts } from "@/parts/Facts";
import { ExchangeLink, MessagesLink } from "@/parts/links";
import { AsOf } from "@/parts/AsOf";
import { Asking, Failed, Nothing } from "@/parts/Nothing";
import { NotKnown } from "@/parts/NotKnown";
import { Page, Section } from "@/parts/Page";
import { useNodes } from "@/parts/place/nodes";
import { Types } from "@/parts/place/Types";
import { Edges } from "@/parts/place/Edges";
import { Rates } from "@/parts/Rates";
import { TimeAgo } from "@/parts/Time";
import css from "./ExchangePage.module.css";

type Detail = Schemas["ExchangeDetailOut"];
type Props = { vhost: Text; name: Text; exchange: Detail | undefined; error: Error | null; again: () => void };

export function ExchangePage({ vhost, name, exchange, error, again }: Props) {
  if (exchange) return <Known exchange={exchange} />;
  const text = exchangeName(name);
  return (
    <Page title={text} name={text}>
      {error instanceof Problem && error.status === 404 ? (
        <Nothing what={`No exchange ${text} is known in vhost ${shown(vhost)}.`} why={<NotKnown problem={error} never="The broker told of none of this name, and no message was published to one." />}>
          <Link to="/topology">The topology</Link>
        </Nothing>
      ) : error ? (
        <Failed error={error} again={again} />
      ) : (
        <Asking />
      )}
    </Page>
  );
}

/** Return how many of the messages published on *edges* no queue got. */
export function unroutableOf(edges: Detail["edges"]): number {
  return edges.reduce((sum, edge) => sum + (edge.failures_by["unroutable"] ?? 0), 0);
}

function Known({ exchange }: { exchange: Detail }) {
  const nodes = useNodes();
  const name = exchangeName(exchange.name);
  const into = exchange.edges.filter((edge) => edge.to === exchange.id);
  const out = exchange.edges.filter((edge) => edge.from === exchange.id);
  const node = { kind: "exchange", vhost: exchange.vhost, name: exchange.name };
  const q = messagesAt(node);
  const unroutable = unroutableOf(into);
  const isDefault = exchange.name === "";
  return (
    <Page title={name} name={name} facts={<Head exchange={exchange} unroutable={unroutable} />} actions={<Links exchange={exchange} q={q} unroutable={unroutable} />}>
      <AsOf shows="now" />
      <Rates about={exchange.id} />
      <Section title="Published by" facts={count(into.length)}>
        <Edges caption="Published by" edges={into} other="from" nodes={nodes} keys empty="Nobody was seen to publish to it, and nothing is bound to it." />
      </Section>
      <Section title="Routes to" facts={count(out.length)}>
        <Edges
          caption="Routes to"
          edges={out}
          other="to"
          nodes={nodes}
          keys
          empty={isDefault ? "It routes to the queue that the routing key names; nothing was seen to go that way." : "Nothing is bound to it: what is published here is unroutable."}
        />
        {isDefault ? <p className="quiet">Every queue is bound to the default exchange under its own name; here are those that something went to.</p> : null}
      </Section>
      <Section title="Message types" facts={count(exchange.types.length)}>
        <Types caption="Message types" types={exchange.types} place="published by" nodes={nodes} q={q} empty="No message was seen." />
      </Section>
      <Section title="Set up as">
        <Setup exchange={exchange} />
      </Section>
    </Page>
  );
}

function Head({ exchange, unroutable }: { exchange: Detail; unroutable: number }) {
  return (
    <>
      {shown(exchange.type) || "undeclared"} exchange in vhost {shown(exchange.vhost)} · {rate(exchange.rate_per_s)} in the last minute, {count(exchange.messages)} messages in all ·{" "}
      {unroutable ? <b className={css.bad}>{count(unroutable)} unroutable</b> : "none unroutable"} · last seen <TimeAgo at={exchange.last_seen} />
    </>
  );
}

function Links({ exchange, q, unroutable }: { exchange: Detail; q: string | null; unroutable: number }) {
  return (
    <nav className={css.links} aria-label="Of this exchange">
      {q === null ? null : <MessagesLink q={q}>Its messages</MessagesLink>}
      {q === null || unroutable === 0 ? null : <MessagesLink q={all(q, is("state", "unroutable"))}>Unroutable {count(unroutable)}</MessagesLink>}
      <Link to="/topology" search={{ focus: exchange.id, node: exchange.id }}>
        In the topology
      </Link>
    </nav>
  );
}

function yes(value: boolean | null, said: string, otherwise: string): string {
  return value === null ? "not told" : value ? said : otherwise;
}

function Setup({ exchange }: { exchange: Detail }) {
  return (
    <Facts
      facts={[
        ["type", shown(exchange.type) || "not told"],
        ["durable", yes(exchange.durable, "yes: it outlives a restart of the broker", "no")],
        ["auto-delete", yes(exchange.auto_delete, "yes: it goes with its last binding", "no")],
        ["internal", yes(exchange.internal, "yes: only other exchanges publish to it", "no")],
        ["what it cannot route", exchange.alternate === null ? "is dropped, or returned to its publisher" : <ExchangeLink key="alternate" vhost={exchange.vhost} name={exchange.alternate} />],
        ...argumentsSaid({ ...exchange.arguments }).map(({ name, said }): [string, string] => [`argument ${name}`, said]),
        ...argumentsSaid({ ...exchange.policy }).map(({ name, said }): [string, string] => [`policy ${name}`, said]),
      ]}
    />
  );
}
