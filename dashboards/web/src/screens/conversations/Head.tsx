// What the head of a conversation says beside its name: when, how long, who, how many, what failed, whether it is over, what is missing.
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { count, ofTotal, plural } from "@/model/numbers";
import { shown } from "@/model/names";
import { completeUpTo } from "@/model/capture";
import { ago, fromMs, span, toMs, zoneName } from "@/model/time";
import { Button } from "@/parts/Button";
import { CompleteUpTo } from "@/parts/CompleteUpTo";
import { ServiceLink } from "@/parts/links";
import { Time } from "@/parts/Time";
import css from "./Conversation.module.css";
import { running } from "./model/facts";
import type { Message } from "./model/light";
import { addressOf } from "./model/words";
import type { Scene } from "./scene";

const SERVICES_MAX = 8;

/** The first message in words. */
export function Root({ message }: { message: Message }) {
  return (
    <>
      <ServiceLink name={message.publisher} /> sent {message.type === null ? "a message" : shown(message.type)} to <span className={css.address}>{addressOf(message)}</span>
    </>
  );
}

type Props = { scene: Scene; total: number; totalIs: "exact" | "at_least"; now: number; onFailure: () => void };

export function HeadFacts({ scene, total, totalIs, now, onFailure }: Props) {
  const { facts } = scene;
  const items: [string, ReactNode][] = [
    ["started", <Started key="t" scene={scene} />],
    ["lasted", span(Number((facts.ended - facts.started).toFixed(2)))],
    ["messages", ofTotal(facts.messages, total, totalIs)],
    [
      "failed",
      facts.failures.length ? (
        <Button key="f" className={css.failures} title="Go to the next failure" onClick={onFailure}>
          {count(facts.failures.length)} <kbd>]</kbd>
        </Button>
      ) : (
        "none seen"
      ),
    ],
    ["redelivered", facts.redelivered ? count(facts.redelivered) : null],
    ["waiting", facts.waiting ? plural(facts.waiting, "copy", "copies") : null],
    ["last activity", activity(scene, now)],
  ];
  return (
    <>
      <dl className={css.facts}>
        {items.map(([name, value]) =>
          value === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
      <ul className={css.services} aria-label="Services">
        {facts.services.slice(0, SERVICES_MAX).map((name) => (
          <li key={name}>
            <ServiceLink name={name} />
          </li>
        ))}
        {facts.services.length > SERVICES_MAX ? <li className="quiet">and {count(facts.services.length - SERVICES_MAX)} more services</li> : null}
      </ul>
    </>
  );
}

function Started({ scene: { conversation, zone } }: { scene: Scene }) {
  const at = conversation.messages[0]?.publishedAt ?? "";
  return (
    <>
      <Time at={at} /> <span className="quiet">{zoneName(zone, toMs(at))}</span>
    </>
  );
}

function activity({ facts }: Scene, now: number): ReactNode {
  const told = `${ago(facts.ended, now)} ago`;
  return (
    <>
      <Time at={fromMs(facts.ended)} date={false} digits={0} /> <span className="quiet">{running(facts, now) ? `${told}: probably still running` : told}</span>
    </>
  );
}

/** What is missing from what is shown, or not as sure as it looks. */
export function Reservations({ scene, capture, now, more }: { scene: Scene; capture: Schemas["CaptureOut"] | undefined; now: number; more: readonly ReactNode[] }) {
  const { facts, conversation, gaps } = scene;
  const complete = capture ? completeUpTo(capture, now) : null;
  const notes: ReactNode[] = [
    complete ? <CompleteUpTo key="complete" {...complete} /> : null,
    ...gaps.map((gap) => (
      <>
        Not captured <Time at={gap.since} date={false} /> to {gap.end === null ? "now" : <Time at={gap.end} date={false} />}
        {gap.where ? ` on ${gap.where}` : ""}: {gap.why}. What happened then may be missing here.
      </>
    )),
    facts.notSeen ? `${plural(facts.notSeen, "message was", "messages were")} not seen being published; what is known comes from deliveries.` : null,
    facts.late ? `${plural(facts.late, "message has a time that was", "messages have times that were")} not taken as it happened.` : null,
    conversation.orphans ? `${plural(conversation.orphans, "message names a cause that is", "messages name causes that are")} not among these.` : null,
    ...more,
  ].filter((note) => note !== null && note !== undefined && note !== false);
  if (notes.length === 0) return null;
  return (
    <ul className={css.notes}>
      {notes.map((note, at) => (
        // oxlint-disable-next-line react/no-array-index-key
        <li key={at}>{note}</li>
      ))}
    </ul>
  );
}
