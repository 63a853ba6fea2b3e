// The message that is looked at, beside the conversation: what became of it, what caused it, what it caused.
import { count } from "@/model/numbers";
import { Button } from "@/parts/Button";
import { Panel } from "@/parts/Panel";
import { MessageSummary } from "@/parts/message/MessageSummary";
import { NONE } from "./model/tree";
import { linkWords } from "./model/words";
import type { Scene } from "./scene";
import css from "./Selected.module.css";

/** *uid* is the message to ask for: the one that is looked at, as soon as the keys rest on it. */
export function Selected({ scene, uid, onClose }: { scene: Scene; uid: string | undefined; onClose: () => void }) {
  const { conversation, selected } = scene;
  const message = conversation.messages[selected];
  if (!message) return null;
  const parent = conversation.parents[selected] ?? NONE;
  const children = conversation.children[selected] ?? [];
  return (
    <Panel label={`Message ${message.uid}`} title={message.uid} onClose={onClose}>
      <p className={css.cause}>{message.link ? `Is ${linkWords(message.link)}.` : "No cause is known: it began the conversation, or its cause was not seen."}</p>
      <p className={css.around}>
        <Button disabled={parent === NONE} onClick={() => scene.select(parent)}>
          Cause <kbd>[</kbd>
        </Button>
        <Button disabled={children.length === 0} onClick={() => scene.select(children[0] ?? NONE)}>
          {children.length === 0 ? "Caused nothing seen" : children.length === 1 ? "Its effect" : `First of ${count(children.length)} effects`}
        </Button>
      </p>
      {uid ? <MessageSummary uid={uid} /> : null}
    </Panel>
  );
}
