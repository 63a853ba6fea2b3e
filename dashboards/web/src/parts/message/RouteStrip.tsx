// The route of a message as a small picture that is a list: publisher, exchange, queues, consumers; deliveries as ticks, deaths as breaks.
import type { ReactNode } from "react";
import { shown, toParam } from "@/model/names";
import { count } from "@/model/numbers";
import type { Told } from "@/model/story";
import { span, toMs } from "@/model/time";
import { consumersOf, type Hop, newest, type Station, waysOf } from "@/model/ways";
import { ExchangeLink, QueueLink, ServiceLink } from "@/parts/links";
import { State } from "@/parts/State";
import { Time } from "@/parts/Time";
import css from "./RouteStrip.module.css";
import { Ticks } from "./Ticks";

const WAYS_MAX = 12;

export function RouteStrip({ message }: { message: Told }) {
  const ways = waysOf(message.copies);
  return (
    <section className={css.route} aria-label="Route">
      <div className={css.strip}>
        <Publish message={message} />
        <ul className={css.ways}>
          {ways.slice(0, WAYS_MAX).map((way, at) => (
            <li key={`${at} ${toParam(way.first.queue)}`} className={css.way}>
              <StationView station={way.first} message={message} entered={way.entered} />
            </li>
          ))}
          {ways.length > WAYS_MAX ? <li className={css.more}>{count(ways.length - WAYS_MAX)} more queues; all of them stand under “why”</li> : null}
          {ways.length === 0 ? <li className={css.more}>{message.state === "unroutable" ? <State state="unroutable" /> : "Where it went is not seen."}</li> : null}
        </ul>
      </div>
    </section>
  );
}

function Publish({ message }: { message: Told }) {
  return (
    <div className={css.publish}>
      <div className={css.node}>
        <span className="unseen">Published by </span>
        <ServiceLink name={message.publisher.service} />
        <div className={css.when}>
          {message.publish_observed ? <Time at={message.published_at} date={false} /> : <span className="quiet">publish not seen</span>}
        </div>
      </div>
      <Line label={message.routing_keys.map(shown).join(", ")} />
      <div className={css.node}>
        <span className="unseen">to exchange </span>
        <ExchangeLink vhost={message.vhost} name={message.exchange} />
        <div className={css.when}>vhost {shown(message.vhost)}</div>
      </div>
    </div>
  );
}

function Line({ label }: { label: string }) {
  return (
    <span className={css.line} title={label}>
      <span className={css.label}>
        <span className="unseen"> with routing key </span>
        {label}
      </span>
    </span>
  );
}

function StationView({ station, message, entered = null }: { station: Station; message: Told; entered?: string | null }) {
  const end = newest(station);
  const since = end?.enqueued_at;
  const forward = station.hops.filter((hop) => hop.to !== null && !hop.back);
  const others = station.hops.filter((hop) => hop.to === null || hop.back);
  return (
    <div>
      <div className={css.station}>
        {entered === "inferred" ? <span className="quiet">how it came here is not seen </span> : null}
        <span className={css.queue}>
          <span className="unseen">Queue </span>
          <QueueLink vhost={message.vhost} name={station.queue} />
        </span>
        {end && !end.dead_letter?.timer ? <State state={end.state} /> : null}
        {station.copies.length > 1 && station.attempts.length === 0 ? <span className={css.quiet}>× {count(station.copies.length)}</span> : null}
        {since && end.state === "waiting" ? (
          <span className={css.quiet}>
            since <Time at={since} date={false} />
          </span>
        ) : null}
        <Deliveries station={station} message={message} />
      </div>
      {others.map((hop) => (
        <Death key={`${hop.reason} ${hop.to ? "back" : "end"}`} hop={hop} message={message} />
      ))}
      {forward.length > 0 ? (
        <ul className={css.hops}>
          {forward.map((hop) => (
            <li key={`${hop.reason} ${toParam(hop.to?.queue ?? "")}`}>
              <Death hop={hop} message={message} />
              {hop.to ? <StationView station={hop.to} message={message} /> : null}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

function Deliveries({ station, message }: { station: Station; message: Told }) {
  const [first] = station.attempts;
  if (!first) return null;
  const wait = station.copies.find((copy) => copy.queue_wait_ms !== null)?.queue_wait_ms ?? null;
  const last = station.attempts.at(-1);
  return (
    <>
      <Ticks station={station} />
      <span className="unseen">, delivered to </span>
      {consumersOf(station).map((service) => (
        <ServiceLink key={service ?? ""} name={service} />
      ))}
      <span className={css.quiet}>
        <Time at={first.delivered_at} date={false} /> {offset(message, first.delivered_at)}
        {wait === null ? null : <>, waited {span(wait)}</>}
        {last?.processing_ms == null ? null : <>, worked on for {span(last.processing_ms)} (estimated)</>}
      </span>
    </>
  );
}

function offset(message: Told, at: string): ReactNode {
  if (!message.publish_observed || message.time_quality !== "live") return null;
  return `(${span(Math.max(0, toMs(at) - toMs(message.published_at)))} after the publish)`;
}

function Death({ hop, message }: { hop: Hop; message: Told }) {
  const where = hop.to === null ? "went nowhere" : hop.back ? "back to " : "to ";
  return (
    <div className={hop.timer ? css.delay : css.death}>
      <svg className={css.break} viewBox="0 0 28 12" width="28" height="12" aria-hidden="true">
        {hop.timer ? <path d="M0 6H8M20 6H28M14 2a4 4 0 1 0 .01 0ZM14 4v2h2" /> : <path d="M0 6H8M20 6H28M10 2l8 8M18 2l-8 8" />}
      </svg>
      <span>
        {hop.timer ? "left by a timer" : hop.reason}
        {hop.times > 1 ? ` × ${count(hop.times)}` : ""}
      </span>
      {hop.at ? <Time at={hop.at} date={false} /> : null}
      {hop.exchange ? (
        <span className={css.quiet}>
          through <ExchangeLink vhost={message.vhost} name={hop.exchange} />
        </span>
      ) : null}
      <span className={css.quiet}>
        {where}
        {hop.back && hop.to ? <QueueLink vhost={message.vhost} name={hop.to.queue} /> : null}
      </span>
    </div>
  );
}
