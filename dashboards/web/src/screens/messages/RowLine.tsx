// One line of the list, and one for a time that was not captured.
import { Link } from "@tanstack/react-router";
import { Fragment, memo, type ReactNode } from "react";
import { serviceColour } from "@/model/colour";
import { shown } from "@/model/names";
import { bytes } from "@/model/numbers";
import { routeWhole, type Stop } from "@/model/route";
import { parts, span, toMs, type Zone } from "@/model/time";
import { State, StateShape } from "@/parts/State";
import type { Column } from "./columns";
import type { Gap } from "./entries";
import css from "./List.module.css";
import type { Row } from "./rows";

type Props = { id: string; row: Row; number: number; columns: readonly Column[]; grid: string; top: number; isSelected: boolean; zone: Zone; withDate: boolean; /** It goes by too fast to be read: only its time is drawn. */ isFlying: boolean; onSelect: (uid: string) => void; onOpen: (uid: string) => void };

export const RowLine = memo(function RowLine({ id, row, number, columns, grid, top, isSelected, zone, withDate, isFlying, onSelect, onOpen }: Props) {
  return (
    // The grid has the keyboard's focus and handles its keys; only the mouse comes here.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
    <div
      id={id}
      role="row"
      aria-rowindex={number}
      aria-selected={isSelected}
      className={isSelected ? `${css.row} ${css.selected}` : css.row}
      style={{ gridTemplateColumns: grid, top }}
      onClick={(event) => {
        if (!(event.target as HTMLElement).closest("a")) onSelect(row.uid);
      }}
      onDoubleClick={() => onOpen(row.uid)}
    >
      {columns.map((column) => (
        <div key={column.name} role="gridcell" className={column.number ? `${css.cell} ${css.figure}` : css.cell}>
          {isFlying && column.name !== "time" ? null : cellOf(row, column, zone, withDate)}
        </div>
      ))}
    </div>
  );
});

function cellOf(row: Row, column: Column, zone: Zone, withDate: boolean): ReactNode {
  switch (column.name) {
    case "time":
      return <Clock row={row} zone={zone} withDate={withDate} />;
    case "route":
      return <Route stops={row.route} />;
    case "publisher":
    case "consumer":
    case "queue":
      return <Stops stops={row.route.filter((stop) => stop.kind === column.name)} />;
    case "state":
      return column.isBrief ? <BriefState state={row.state} /> : <State state={row.state} />;
    case "latency":
      return <Span ms={row.latencyMs} />;
    case "end_to_end":
      return <Span ms={row.endToEndMs} />;
    case "size":
      return row.size === null ? <span className="quiet">–</span> : <Unit text={bytes(row.size)} />;
    case "body":
      return <Excerpt row={row} />;
    default:
      return <Plain text={plainOf(row, column)} />;
  }
}

function BriefState({ state }: { state: Row["state"] }) {
  return (
    <span title={state}>
      <StateShape state={state} />
      <span className="unseen">{state}</span>
    </span>
  );
}

function plainOf(row: Row, column: Column): string {
  switch (column.name) {
    case "vhost":
      return row.vhost;
    case "exchange":
      return row.exchange || "(default)";
    case "routing_key":
      return row.routingKeys;
    case "type":
      return row.type;
    case "rounds":
      return row.rounds ? String(row.rounds) : "";
    case "uid":
      return row.uid;
    case "message_id":
      return row.messageId;
    case "correlation_id":
      return row.correlationId;
    case "trace_id":
      return shown(row.traceId);
    case "error":
      return row.error;
    default:
      return "";
  }
}

function Plain({ text }: { text: string }) {
  return text === "" ? <span className="quiet">–</span> : <span title={text}>{text}</span>;
}

function Clock({ row, zone, withDate }: { row: Row; zone: Zone; withDate: boolean }) {
  const told = parts(row.at, zone, 3);
  const title = row.observed ? `${row.at}` : `${row.at}: its publish was not seen`;
  return (
    <Link to="/messages/$uid" params={{ uid: row.uid }} search={{}} className={css.time} tabIndex={-1} title={title}>
      {withDate ? <span className="quiet">{told.date} </span> : null}
      {told.clock}
    </Link>
  );
}

function Route({ stops }: { stops: readonly Stop[] }) {
  return (
    <span className={css.route} title={routeWhole(stops)}>
      {stops.map((stop, at) => (
        <Fragment key={stop.kind}>
          {at > 0 ? <span className={css.arrow}>→</span> : null}
          <StopText stop={stop} />
        </Fragment>
      ))}
    </span>
  );
}

function Stops({ stops }: { stops: readonly Stop[] }) {
  if (stops.length === 0) return <span className="quiet">–</span>;
  return (
    <>
      {stops.map((stop) => (
        <span key={stop.kind} title={stop.names.join(", ")}>
          <StopText stop={stop} />
        </span>
      ))}
    </>
  );
}

function StopText({ stop }: { stop: Stop }) {
  const isService = stop.kind === "publisher" || stop.kind === "consumer";
  return (
    <span className={isService ? css.service : css[stop.kind]} style={isService ? { color: serviceColour(stop.names[0]) } : undefined}>
      {stop.text}
    </span>
  );
}

function Span({ ms }: { ms: number | null }) {
  return ms === null ? <span className="quiet">–</span> : <Unit text={span(ms)} />;
}

/** A figure whose unit, the last word, is quiet. */
function Unit({ text }: { text: string }) {
  const at = text.lastIndexOf(" ");
  return (
    <>
      {text.slice(0, at)}
      <span className={css.unit}> {text.slice(at + 1)}</span>
    </>
  );
}

function Excerpt({ row }: { row: Row }) {
  const { field, pieces, quiet } = row.line;
  const text = pieces.map((piece) => piece.text).join("");
  return (
    <span className={quiet && field === null ? `${css.body} quiet` : css.body} title={text}>
      {field === null ? null : <span className={css.field}>{field} </span>}
      {/* Pieces have no identity but their place. */}
      {/* oxlint-disable-next-line react/no-array-index-key */}
      {pieces.map((piece, at) => (piece.marked ? <mark key={at}>{piece.text}</mark> : <span key={at}>{piece.text}</span>))}
    </span>
  );
}

type GapProps = { gap: Gap; number: number; columns: number; top: number; zone: Zone };

/** Return from when to when it was; the day is told once where both ends are on it. */
function gapSaid({ since, until }: Gap, zone: Zone): string {
  const from = parts(since, zone, 0);
  const begin = `${from.date} ${from.clock}`;
  if (until === null) return `${begin}, still open`;
  const to = parts(until, zone, 0);
  return `${begin} – ${to.date === from.date ? "" : `${to.date} `}${to.clock} (${span(toMs(until) - toMs(since))})`;
}

export function GapLine({ gap, number, columns, top, zone }: GapProps) {
  const node = typeof gap.node === "string" && gap.node !== "" ? ` on ${shown(gap.node)}` : "";
  return (
    <div role="row" aria-rowindex={number} className={`${css.row} ${css.gap}`} style={{ top }}>
      <div role="gridcell" aria-colspan={columns} className={css.cell}>
        <State state="not-captured" /> {gapSaid(gap, zone)}
        {node}: {shown(gap.why)}
      </div>
    </div>
  );
}
