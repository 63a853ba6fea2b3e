// A message in short, for the panel beside a list: its story, its route, what went wrong, the begin of its body, and the way to its page.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { liveMessage } from "@/api/shared";
import { useRefresh } from "@/app/preferences";
import { saidOf } from "@/model/body";
import { shown } from "@/model/names";
import { bytes } from "@/model/numbers";
import type { Told } from "@/model/story";
import { ConversationLink } from "@/parts/links";
import { Asking, Failed } from "@/parts/Nothing";
import { State } from "@/parts/State";
import { JsonTree } from "./JsonTree";
import { Lasted } from "./Lasted";
import css from "./Message.module.css";
import { RouteStrip } from "./RouteStrip";
import { Story } from "./Story";

const TEXT_CHARS = 2000;

export function MessageSummary({ uid }: { uid: string }) {
  const { data, error, refetch } = useQuery(liveMessage(uid, useRefresh()));
  if (error) return <Failed error={error} again={() => void refetch()} />;
  return data ? <Summary message={data} /> : <Asking />;
}

export function Summary({ message }: { message: Told }) {
  return (
    <div className={css.summary}>
      <p className={css.tools}>
        <State state={message.state} />
        <Link to="/messages/$uid" params={{ uid: message.uid }}>
          Open {message.uid}
        </Link>
        {message.trace_id ? <ConversationLink traceId={message.trace_id}>conversation</ConversationLink> : null}
      </p>
      <Story message={message} />
      <RouteStrip message={message} />
      <Lasted message={message} />
      <Begin message={message} />
    </div>
  );
}

function Begin({ message }: { message: Told }) {
  const { body } = message;
  const said = saidOf(message);
  return (
    <section className={css.side}>
      <h2>
        Body <span className="quiet">{body ? `${bytes(body.size)}${message.content_type ? `, ${shown(message.content_type)}` : ""}` : ""}</span>
      </h2>
      {said ? <p className={css.said}>{said}</p> : null}
      {body?.encoding === "json" ? <JsonTree key={message.uid} value={body.value} label="Body" /> : null}
      {body?.encoding === "text" && typeof body.value === "string" ? (
        <pre className={css.code}>
          {body.value.slice(0, TEXT_CHARS).split("\n").map(shown).join("\n")}
          {body.value.length > TEXT_CHARS ? "…" : ""}
        </pre>
      ) : null}
      {body?.encoding === "base64" ? <p className="quiet">Bytes; the page of the message shows them.</p> : null}
    </section>
  );
}
