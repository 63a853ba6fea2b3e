// Messages: histogram, facets, list, live tail, and the selected message beside them. What is looked at stands in the address.
import { type ReactNode, useEffect } from "react";
import { Panel } from "@/parts/Panel";
import { MessageSummary } from "@/parts/message/MessageSummary";
import { Facets } from "./Facets";
import { Histogram } from "./Histogram";
import css from "./Messages.module.css";
import { Listing } from "./Listing";
import { Summary } from "./Summary";
import { useAddress } from "./useAddress";
import { useNarrow } from "./useNarrow";
import { useScreen } from "./useScreen";

export default function Messages() {
  const address = useAddress();
  const isNarrow = useNarrow();
  const screen = useScreen(address, isNarrow);
  const { asked, sel, set } = address;
  const found = screen.histogram.data;
  useEffect(() => {
    document.title = `${asked.q || "Messages"} · hoptrail`;
  }, [asked.q]);
  const facets = <Facets asked={asked} isListed={screen.isListed} refreshMs={screen.refreshMs} onQuery={(q) => set({ q: q || undefined, sel: undefined })} />;
  const bars = found ? (
    <Histogram since={found.since} until={found.until} buckets={found.buckets} gaps={found.not_captured} onRange={(range) => set({ ...range, live: undefined, sel: undefined })} />
  ) : (
    <div className={css.blank}>{screen.histogram.error && !screen.list.error ? <p className="quiet">Not counted over time: {screen.histogram.error.message}</p> : null}</div>
  );
  return (
    <div className={css.screen}>
      {isNarrow ? null : (
        // What is longer than the screen is scrolled by keyboard too.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className={css.side} role="region" aria-label="Values to choose from" tabIndex={0}>
          {facets}
        </div>
      )}
      <div className={css.middle}>
        <Summary address={address} screen={screen} />
        {isNarrow ? <Fold name="Over time">{bars}</Fold> : bars}
        {isNarrow ? <Fold name="Values to choose from">{facets}</Fold> : null}
        <Listing address={address} screen={screen} />
      </div>
      {sel === undefined ? null : (
        <Panel label="Selected message" title={<span className="mono">{sel}</span>} onClose={() => set({ sel: undefined })}>
          <MessageSummary key={sel} uid={sel} />
        </Panel>
      )}
    </div>
  );
}

function Fold({ name, children }: { name: string; children: ReactNode }) {
  return (
    <details className={css.fold}>
      <summary>{name}</summary>
      <div className={css.folded}>{children}</div>
    </details>
  );
}
