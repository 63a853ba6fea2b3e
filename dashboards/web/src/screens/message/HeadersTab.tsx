// Headers and properties with their types, and what the broker wrote about deaths as a table.
import { deathsIn, type HeaderRow, headerRows } from "@/model/headers";
import { shown, type Text } from "@/model/names";
import { count } from "@/model/numbers";
import { is } from "@/model/query";
import type { Told } from "@/model/story";
import { MessagesLink } from "@/parts/links";
import { JsonTree } from "@/parts/message/JsonTree";
import shared from "@/parts/message/Message.module.css";
import css from "./Message.module.css";

const PROPERTIES = ["message_id", "correlation_id", "type", "content_type", "content_encoding", "reply_to", "app_id"] as const;
const REASONS: Record<string, string> = {
  rejected: "a consumer rejected it", expired: "it outlived its time to live", maxlen: "its queue was full", delivery_limit: "it came back too often",
};

export function HeadersTab({ message }: { message: Told }) {
  const deaths = deathsIn(message.headers);
  const rows = headerRows(message.headers ?? {});
  return (
    <>
      {deaths.length > 0 ? <Deaths deaths={deaths} published={message.publish_observed} /> : null}
      <div className={css.scroll}>
        <table className={css.wrap}>
          <caption className="unseen">Headers</caption>
          <thead>
            <tr>
              <th scope="col">Header</th>
              <th scope="col">Type</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <th scope="row">{shown(row.name)}</th>
                <td className="quiet">{row.type}</td>
                <td>
                  <Value row={row} />
                </td>
              </tr>
            ))}
            {rows.length === 0 ? (
              <tr>
                <td colSpan={3}>It has no headers.</td>
              </tr>
            ) : null}
          </tbody>
        </table>
      </div>
      <Properties message={message} />
    </>
  );
}

function Value({ row }: { row: HeaderRow }) {
  if (row.redacted) return <>Kept out of the log, as HOPTRAIL_REDACT_HEADERS asks. Nobody can see it here, and it cannot be retried from the log.</>;
  if (row.nested !== undefined) return <JsonTree value={row.nested} label={`Header ${row.name}`} />;
  if (row.type !== "text" || row.text === "") return <code>{row.text}</code>;
  return (
    <>
      <code>{row.text}</code>{" "}
      {/^[\w.-]+$/.test(row.name) ? <MessagesLink q={is(`header.${row.name}`, row.text)}>alike</MessagesLink> : null}
    </>
  );
}

function Deaths({ deaths, published }: { deaths: ReturnType<typeof deathsIn>; published: boolean }) {
  return (
    <>
      <h2>Deaths, as the header x-death tells them</h2>
      {published ? <p className={shared.said}>They were on the message when it was published: its publisher put them there, or took them over. What the broker adds later stands under “facts”.</p> : null}
      <div className={css.scroll}>
        <table>
          <caption className="unseen">Deaths</caption>
          <thead>
            <tr>
              <th scope="col">Queue</th>
              <th scope="col">Why</th>
              <th scope="col" className="number">Times</th>
              <th scope="col">First time</th>
              <th scope="col">Exchange before</th>
              <th scope="col">Routing keys before</th>
              <th scope="col">Expiration before</th>
            </tr>
          </thead>
          <tbody>
            {deaths.map((death) => (
              <tr key={`${death.queue} ${death.reason}`}>
                <td>{death.queue}</td>
                <td>
                  {death.reason} <span className="quiet">{REASONS[death.reason] ?? ""}</span>
                </td>
                <td className="number">{count(death.times)}</td>
                <td>{death.at ?? "–"}</td>
                <td>{death.exchange || "(default)"}</td>
                <td>{death.keys}</td>
                <td>{death.expiration === null ? "–" : `${death.expiration} ms`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Properties({ message }: { message: Told }) {
  const told = PROPERTIES.map((name): [string, Text | null] => [name, message[name]]).filter((pair): pair is [string, Text] => pair[1] !== null);
  return (
    <div className={css.scroll}>
      <table className={css.wrap}>
        <caption className="unseen">Properties</caption>
        <thead>
          <tr>
            <th scope="col">Property</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {told.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <code>{shown(value)}</code> {typeof value === "string" ? <MessagesLink q={is(name, value)}>alike</MessagesLink> : null}
              </td>
            </tr>
          ))}
          {told.length === 0 ? (
            <tr>
              <td colSpan={2}>It has none of the properties that are indexed; the others stand under “facts”.</td>
            </tr>
          ) : null}
        </tbody>
      </table>
    </div>
  );
}
