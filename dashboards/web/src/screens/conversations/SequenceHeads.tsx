// The heads of the lifelines, each in the colour of its service.
import { serviceColour } from "@/model/colour";
import { QueueLink, ServiceLink } from "@/parts/links";
import type { Columns } from "./model/columns";
import type { Lifelines } from "./model/lifelines";
import css from "./Sequence.module.css";

export function Heads({ lifelines, columns }: { lifelines: Lifelines; columns: Columns }) {
  return (
    <>
      <span className={css.corner} style={{ width: columns.gutter }}>
        time
      </span>
      {lifelines.all.map((lifeline, place) => (
        <span
          // The place is what a lifeline is: names of services and queues may be the same.
          // oxlint-disable-next-line react/no-array-index-key
          key={place}
          className={css.headName}
          style={{
            left: (columns.middles[place] ?? 0) - columns.each / 2 + 4,
            width: columns.each - 8,
            borderColor: lifeline.kind === "service" ? serviceColour(lifeline.name) : "var(--line-strong)",
          }}
        >
          {lifeline.kind === "service" ? <ServiceLink name={lifeline.name} /> : <QueueLink vhost={lifeline.vhost} name={lifeline.name} />}
        </span>
      ))}
    </>
  );
}
