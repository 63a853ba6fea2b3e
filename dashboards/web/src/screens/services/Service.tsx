// One service: who it is, what it publishes and consumes, how fast, and which of its instances are alive.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { asking } from "@/api/asking";
import { client, Problem, type Schemas } from "@/api/client";
import { useRefresh } from "@/app/preferences";
import { serviceColour } from "@/model/colour";
import { fromParam, shown } from "@/model/names";
import { count, ofTotal, plural, total } from "@/model/numbers";
import { all, is } from "@/model/query";
import { Confidence } from "@/parts/Confidence";
import { MessagesLink, ServiceLink } from "@/parts/links";
import { AsOf } from "@/parts/AsOf";
import { Asking, Failed, Nothing } from "@/parts/Nothing";
import { NotKnown } from "@/parts/NotKnown";
import { Page, Section } from "@/parts/Page";
import { Edges } from "@/parts/place/Edges";
import { Latencies } from "@/parts/place/Latencies";
import { useNodes } from "@/parts/place/nodes";
import { Types } from "@/parts/place/Types";
import { Rates } from "@/parts/Rates";
import { type Column, Table } from "@/parts/Table";
import { TimeAgo } from "@/parts/Time";
import { Instances } from "./Instances";
import css from "./Service.module.css";

const route = getRouteApi("/services/$name");

export const serviceQuery = (name: string, refreshMs: number | false) =>
  asking(["service", name], (signal) => client.GET("/api/v1/services/{name}", { params: { path: { name } }, signal }), refreshMs);

export default function Service() {
  const { name } = route.useParams();
  const { data, error, refetch } = useQuery(serviceQuery(name, useRefresh()));
  const text = shown(fromParam(name));
  if (data) return <Known service={data} />;
  return (
    <Page title={text} name={text}>
      {error instanceof Problem && error.status === 404 ? (
        <Nothing what={`No service ${text} was seen.`} why={<><NotKnown problem={error} never="Nothing of this name was ever seen." /> Names are told from connections: a service may have got another one since, as more was seen of it.</>}>
          <Link to="/services">All services</Link>
        </Nothing>
      ) : error ? (
        <Failed error={error} again={() => void refetch()} />
      ) : (
        <Asking />
      )}
    </Page>
  );
}

function Known({ service }: { service: Schemas["ServiceDetailOut"] }) {
  const nodes = useNodes();
  const { id } = service.node;
  const name = service.name;
  const out = service.edges.filter((edge) => edge.from === id);
  const into = service.edges.filter((edge) => edge.to === id);
  const [published, given] = [is("publisher.service", name), is("copies.attempts.consumer.service", name)];
  return (
    <Page
      title={
        <>
          <span className={css.swatch} style={{ background: serviceColour(name) }} aria-hidden="true" /> {shown(name)}
        </>
      }
      name={shown(name)}
      facts={
        <>
          service, named by {service.evidence ?? "nothing that is known"} <Confidence of={service.confidence} /> · {plural(service.instances, "instance")} · first seen <TimeAgo at={service.first_seen} /> · last seen{" "}
          <TimeAgo at={service.last_seen} />
        </>
      }
      actions={
        <nav className={css.links} aria-label="Of this service">
          <MessagesLink q={published}>Published {count(service.published)}</MessagesLink>
          <MessagesLink q={given}>Given {count(service.consumed)}</MessagesLink>
          <MessagesLink q={all(given, is("state", "dead-lettered"))}>Dead letters</MessagesLink>
          <Link to="/topology" search={{ focus: id, node: id }}>
            In the topology
          </Link>
        </nav>
      }
    >
      <AsOf shows="now" />
      <Rates about={id} />
      <Section title="Publishes to" facts={count(out.length)}>
        <Edges caption="Publishes to" edges={out} other="to" nodes={nodes} empty="It was not seen to publish." />
      </Section>
      <Section title="Consumes from" facts={count(into.length)}>
        <Edges caption="Consumes from" edges={into} other="from" nodes={nodes} empty="It was not seen to consume." />
      </Section>
      <Section title="Message types out" facts={count(service.outputs.length)}>
        <Types caption="Message types out" types={service.outputs} place="to" nodes={nodes} q={published} empty="None was seen." />
      </Section>
      <Section title="Message types in" facts={count(service.inputs.length)}>
        <Types caption="Message types in" types={service.inputs} place="from" nodes={nodes} q={given} empty="None was seen." />
      </Section>
      <Section title="Latencies">
        <Latencies at={(row) => row.subscriber === name || row.publisher === name} empty="No delivery from or to it in this time." />
      </Section>
      <Section title="Talks to" facts={total(service.given_by.length + service.gives_to.length, "exact")}>
        <Talks name={name} rows={[...service.given_by, ...service.gives_to]} />
      </Section>
      <Section title="Instances" facts={ofTotal(service.instance_list.length, service.instances_total, "exact")}>
        <Instances instances={service.instance_list} nodes={nodes} />
      </Section>
    </Page>
  );
}

type Relationship = Schemas["RelationshipOut"];

function Talks({ name, rows }: { name: string; rows: readonly Relationship[] }) {
  if (rows.length === 0) return <p className="quiet">No message from it to another service, or from another to it, was seen.</p>;
  return <Table caption="Services it talks to" columns={columnsOf(name)} rows={rows} rowKey={(row) => `${row.publisher} ${row.subscriber}`} sorting={{ key: "messages", down: true }} />;
}

function otherOf(row: Relationship, name: string): string {
  return row.publisher === name ? row.subscriber : row.publisher;
}

function columnsOf(name: string): Column<Relationship>[] {
  return [
    { key: "way", head: "way", cell: (row) => (row.publisher === name ? "gives to" : "is given by"), by: (row) => (row.publisher === name ? 1 : 0) },
    { key: "other", head: "service", cell: (row) => <ServiceLink name={otherOf(row, name)} />, by: (row) => otherOf(row, name) },
    { key: "types", head: "types", cell: (row) => row.types.map(shown).join(", ") },
    { key: "messages", head: "messages", number: true, cell: (row) => count(row.messages), by: (row) => row.messages },
    { key: "last", head: "last message", cell: (row) => <TimeAgo at={row.last_seen} />, by: (row) => row.last_seen ?? "" },
  ];
}
