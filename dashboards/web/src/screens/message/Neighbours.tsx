// What caused a message and what it caused, with how sure each link is; and its place in its conversation.
import { useQuery } from "@tanstack/react-query";
import { useRefresh } from "@/app/preferences";
import type { Schemas } from "@/api/client";
import { exchangeName, shown } from "@/model/names";
import { count, ofTotal, plural } from "@/model/numbers";
import type { Told } from "@/model/story";
import { span, toMs } from "@/model/time";
import { Confidence } from "@/parts/Confidence";
import { ConversationLink, MessageLink, MessagesLink, ServiceLink } from "@/parts/links";
import { Asking, Failed } from "@/parts/Nothing";
import { State } from "@/parts/State";
import { is } from "@/model/query";
import shared from "@/parts/message/Message.module.css";
import { effectsQuery, placeQuery } from "./asks";
import css from "./Message.module.css";

type Light = Schemas["LightMessageOut"];

export function Neighbours({ message }: { message: Told }) {
  const { data, error, refetch } = useQuery(effectsQuery(message.uid, useRefresh()));
  return (
    <aside aria-label="What caused it and what it caused">
      <Conversation message={message} />
      {error ? <Failed error={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Asking /> : null}
      {data ? (
        <>
          <Causes message={message} found={data} />
          <Effects message={message} found={data} />
        </>
      ) : null}
    </aside>
  );
}

function Conversation({ message }: { message: Told }) {
  const { data } = useQuery(placeQuery(message.trace_id, message.published_at, useRefresh()));
  if (message.trace_id === "") return null;
  return (
    <section className={shared.side}>
      <h2>Conversation</h2>
      <p>
        {data && data.total > 1 ? `Message ${count(data.place)} of ${count(data.total)} in ` : null}
        {data?.total === 1 ? "The only message so far in " : null}
        <ConversationLink traceId={message.trace_id} />
      </p>
    </section>
  );
}

function Causes({ message, found }: { message: Told; found: Schemas["EffectsOut"] }) {
  const links = [message.parent, ...message.other_parents].filter((link) => link !== null);
  const gone = links.filter((link) => !found.causes.some((cause) => cause.uid === link.uid));
  return (
    <section className={shared.side}>
      <h2>Caused by</h2>
      {links.length === 0 ? <p className="quiet">Nothing tells what caused it.</p> : null}
      <ul>
        {found.causes.map((cause) => (
          <Neighbour key={cause.uid} light={cause} offset={toMs(cause.published_at) - toMs(message.published_at)} link={links.find((link) => link.uid === cause.uid)} />
        ))}
      </ul>
      {gone.map((link) => (
        <p key={link.uid} className="quiet">
          {link.uid} is no longer kept.
        </p>
      ))}
      {found.siblings && message.parent ? (
        <p>
          <MessagesLink q={is("parent.uid", message.parent.uid)}>{plural(found.siblings, "other message")}</MessagesLink> of the same cause
        </p>
      ) : null}
    </section>
  );
}

function Effects({ message, found }: { message: Told; found: Schemas["EffectsOut"] }) {
  return (
    <section className={shared.side}>
      <h2>
        Caused <span className="quiet">{found.total > 0 ? ofTotal(found.items.length, found.total, found.total_is) : ""}</span>
      </h2>
      {found.total === 0 ? <p className="quiet">No message is believed to be caused by it.</p> : null}
      <ul>
        {found.items.map((effect) => (
          <Neighbour key={effect.uid} light={effect} offset={toMs(effect.published_at) - toMs(message.published_at)} link={effect.parent ?? undefined} />
        ))}
      </ul>
      {found.total > found.items.length ? (
        <p>
          <MessagesLink q={is("parent.uid", message.uid)}>All {count(found.total)}</MessagesLink>
        </p>
      ) : null}
    </section>
  );
}

function Neighbour({ light, offset, link }: { light: Light; offset: number; link: { confidence: number; evidence: string } | undefined }) {
  return (
    <li className={css.neighbour}>
      <div>
        <MessageLink uid={light.uid}>{shown(light.type) || light.uid}</MessageLink>
        <State state={light.state} />
        <span className="quiet">{offset < 0 ? `${span(-offset)} before` : `${span(offset)} after`}</span>
      </div>
      <div>
        <ServiceLink name={light.publisher} />
        <span className="quiet">
          → {exchangeName(light.exchange)}
          {light.routing_key ? `: ${shown(light.routing_key)}` : ""}
        </span>
      </div>
      {link ? (
        <div>
          <Confidence of={link.confidence} />
          <span className="quiet">{link.evidence}</span>
        </div>
      ) : null}
    </li>
  );
}
