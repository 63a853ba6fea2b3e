// The list: every message of the conversation, in the order of publishing.
import { useMemo } from "react";
import { shown } from "@/model/names";
import { parts, span } from "@/model/time";
import { State } from "@/parts/State";
import { marksOfMessages } from "./model/marks";
import { NONE } from "./model/tree";
import { linkWords, routeOf } from "./model/words";
import css from "./List.module.css";
import { Rows } from "./Rows";
import type { Scene } from "./scene";
import { WithStrip } from "./Strip";
import { useMessageRows } from "./useMessageRows";

const HEAD = 28;

export function List({ scene, order }: { scene: Scene; order: readonly number[] }) {
  const { conversation, found } = scene;
  const rows = useMessageRows(scene, order);
  const marks = useMemo(() => marksOfMessages(conversation, order, found, [conversation.started, conversation.ended]), [conversation, order, found]);
  return (
    <WithStrip handle={rows.handle} headHeight={HEAD} tops={rows.tops} marks={marks}>
      <Rows
        label={`List, ${order.length} messages`}
        tops={rows.tops}
        current={rows.current}
        headHeight={HEAD}
        head={
          <div className={`${css.cells} ${css.head}`}>
            <span>time</span>
            <span className={css.number}>since start</span>
            <span>route</span>
            <span>type</span>
            <span>state</span>
            <span className={css.number}>took</span>
            <span className={css.number}>cause</span>
          </div>
        }
        renderRow={(at) => <ListRow scene={scene} index={order[at] ?? NONE} />}
        rowWords={(at) => words(scene, order[at] ?? NONE)}
        onRow={rows.onRow}
        onKey={rows.onKey}
        handle={rows.handle}
      />
    </WithStrip>
  );
}

function words({ conversation, zone }: Scene, index: number): string {
  const message = conversation.messages[index];
  if (!message) return "";
  return [`${parts(message.publishedAt, zone, 3).clock} ${routeOf(message)}`, shown(message.type), message.state, message.link ? linkWords(message.link) : ""].filter(Boolean).join("; ");
}

function ListRow({ scene, index }: { scene: Scene; index: number }) {
  const message = scene.conversation.messages[index];
  if (!message) return null;
  const took = message.end - message.published;
  return (
    <div className={css.cells}>
      <span className={css.mono}>{parts(message.publishedAt, scene.zone, 3).clock}</span>
      <span className={`${css.mono} ${css.number}`}>+{span(Math.max(Number((message.published - scene.conversation.started).toFixed(2)), 0))}</span>
      <span className={scene.found.has(index) ? css.found : undefined}>{routeOf(message)}</span>
      <span className={css.quiet}>{shown(message.type)}</span>
      <State state={message.state} />
      <span className={`${css.mono} ${css.number}`}>{took > 0 ? span(took) : ""}</span>
      <span className={`${css.mono} ${css.number}`} title={message.link ? linkWords(message.link) : undefined}>
        {message.link ? message.link.confidence.toFixed(2) : ""}
      </span>
    </div>
  );
}

/** Return the order of a list: by the time of publishing. */
export function listOrder(messages: readonly unknown[]): number[] {
  return messages.map((_, index) => index);
}

