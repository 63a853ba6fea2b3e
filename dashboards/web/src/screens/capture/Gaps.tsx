// The gaps: on a line of time, and as a table.
import type { Schemas } from "@/api/client";
import { shown } from "@/model/names";
import { ago, parts, span, toMs } from "@/model/time";
import { useNow } from "@/app/now";
import { usePreferences } from "@/app/preferences";
import { Section } from "@/parts/Page";
import { type Column, Table } from "@/parts/Table";
import { Time } from "@/parts/Time";
import css from "./Gaps.module.css";
import { missed, timeline } from "./timeline";

type Gap = Schemas["GapOut"];

const columns: Column<Gap>[] = [
  { key: "since", head: "From", by: (gap) => toMs(gap.since), cell: (gap) => <Time at={gap.since} /> },
  { key: "until", head: "To", cell: (gap) => (gap.until === null ? "still open" : <Time at={gap.until} />) },
  { key: "long", head: "Long", number: true, by: (gap) => (gap.until === null ? Number.POSITIVE_INFINITY : toMs(gap.until) - toMs(gap.since)), cell: (gap) => (gap.until === null ? "" : span(toMs(gap.until) - toMs(gap.since))) },
  { key: "vhost", head: "Vhost", cell: (gap) => shown(gap.vhost) || "all" },
  { key: "node", head: "Node", cell: (gap) => shown(gap.node) || "all" },
  { key: "missed", head: "Missed", number: true, by: (gap) => gap.estimated, cell: (gap) => missed(gap.estimated) },
  { key: "why", head: "Why", cell: (gap) => gap.why },
];

/** *now* (ms) is the time that the page shows, where that is not the present. */
type Props = { capture: Schemas["CaptureOut"]; now: number | undefined };

export function Gaps({ capture, now }: Props) {
  return (
    <Section title="Gaps" facts="times in which something may have been missed">
      {capture.gaps.length === 0 ? (
        <p className={css.none}>
          None
          <Watched capture={capture} now={now} />.
        </p>
      ) : (
        <>
          <Line capture={capture} now={now} />
          <Table caption="The gaps of capture" columns={columns} rows={capture.gaps} rowKey={(gap) => gap.gap + gap.since} sorting={{ key: "since", down: true }} />
        </>
      )}
    </Section>
  );
}

/** Return from when to when (ms) there was something to miss. */
function useWatched({ capture, now }: Props): [number, number] {
  const present = useNow();
  const moment = now ?? present;
  const begin = capture.first_observed_at ? toMs(capture.first_observed_at) : moment;
  return [begin, capture.running || !capture.last_observed_at ? moment : toMs(capture.last_observed_at)];
}

function Watched(props: Props) {
  const [begin, end] = useWatched(props);
  return props.capture.first_observed_at ? ` in the ${ago(begin, end)} since the first event` : null;
}

function Line(props: Props) {
  const { capture } = props;
  const { zone } = usePreferences();
  const [begin, end] = useWatched(props);
  return (
    <div className={css.line}>
      {timeline(capture.gaps, begin, end).map((row) => (
        <div key={row.where} className={css.row}>
          <span className={css.where}>{row.where}</span>
          <svg className={css.track} viewBox="0 0 1000 18" preserveAspectRatio="none" role="img" aria-label={`${row.pieces.length} gaps ${row.where}, listed in the table below`}>
            {row.pieces.map((piece) => (
              <rect key={piece.gap.gap} x={piece.left * 1000} y="0" width={piece.width * 1000} height="18" className={piece.gap.until === null ? css.open : css.closed}>
                <title>{`${piece.gap.why}, missed: ${missed(piece.gap.estimated)}`}</title>
              </rect>
            ))}
          </svg>
        </div>
      ))}
      <div className={css.axis}>
        <span>
          {parts(capture.first_observed_at ?? "", zone, 0).date} {parts(capture.first_observed_at ?? "", zone, 0).clock}
        </span>
        <span>{capture.running && !capture.as_of ? "now" : parts(capture.as_of?.at ?? capture.last_observed_at ?? "", zone, 0).clock}</span>
      </div>
    </div>
  );
}
