// Names that lead to their pages: a name of a service, queue, exchange, message or conversation is always a link.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { serviceColour } from "@/model/colour";
import { exchangeName, shown, type Text, toParam } from "@/model/names";
import css from "./links.module.css";

export function ServiceLink({ name }: { name: string | null | undefined }) {
  if (!name) return <span className="quiet">not known</span>;
  return (
    <Link to="/services/$name" params={{ name: toParam(name) }} className={css.service}>
      <span className={css.swatch} style={{ background: serviceColour(name) }} aria-hidden="true" />
      {shown(name)}
    </Link>
  );
}

export function QueueLink({ vhost, name }: { vhost: Text; name: Text }) {
  return (
    <Link to="/queues/$vhost/$name" params={{ vhost: toParam(vhost), name: toParam(name) }} className={css.name}>
      {shown(name)}
    </Link>
  );
}

export function ExchangeLink({ vhost, name }: { vhost: Text; name: Text }) {
  if (name === "") {
    return (
      <Link to="/exchanges/$vhost" params={{ vhost: toParam(vhost) }} className={css.name}>
        {exchangeName(name)}
      </Link>
    );
  }
  return (
    <Link to="/exchanges/$vhost/$name" params={{ vhost: toParam(vhost), name: toParam(name) }} className={css.name}>
      {shown(name)}
    </Link>
  );
}

export function MessageLink({ uid, children }: { uid: string; children?: ReactNode }) {
  return (
    <Link to="/messages/$uid" params={{ uid }} className={css.id}>
      {children ?? uid}
    </Link>
  );
}

export function ConversationLink({ traceId, children }: { traceId: string; children?: ReactNode }) {
  return (
    <Link to="/conversations/$traceId" params={{ traceId: toParam(traceId) }} className={css.id}>
      {children ?? shown(traceId)}
    </Link>
  );
}

/** A link to the messages that match *q*. */
export function MessagesLink({ q, children }: { q: string; children: ReactNode }) {
  return (
    <Link to="/messages" search={{ q }}>
      {children}
    </Link>
  );
}
