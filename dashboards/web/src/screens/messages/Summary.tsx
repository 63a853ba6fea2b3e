// The line above the histogram, filled: total, states, what is new, the width of the range, the live tail.
import { totals, wider } from "@/model/bars";
import { Bar, Live } from "./Bar";
import css from "./Messages.module.css";
import { New } from "./Notices";
import type { Address } from "./useAddress";
import type { Screen } from "./useScreen";

export function Summary({ address, screen }: { address: Address; screen: Screen }) {
  const { asked, isLive, set } = address;
  const { first, histogram, stream } = screen;
  const found = histogram.data;
  // The list stops counting early; the histogram counts to the end.
  const isCounted = first?.totalIs === "exact" || found === undefined || histogram.isPlaceholderData;
  const total = first && found && !isCounted ? Math.max(found.total, first.total) : first?.total;
  return (
    <Bar total={total} totalIs={isCounted ? (first?.totalIs ?? "exact") : "exact"} states={found ? totals(found.buckets) : []} gaps={found?.not_captured.length ?? 0} isLive={isLive}>
      <New {...screen.news} onShow={() => void screen.show()} />
      {asked.since && asked.until && found ? (
        <button type="button" className={css.live} title="A range three times as wide" onClick={() => set(wider(found.since, found.until))}>
          Wider
        </button>
      ) : null}
      <Live
        on={isLive}
        refused={asked.until ? "The range has an end: no new message can be in it." : null}
        state={stream.state}
        paused={screen.paused}
        held={screen.isHeld}
        onToggle={screen.toggleLive}
        onHold={() => screen.setHeld(!screen.isHeld)}
      />
    </Bar>
  );
}
