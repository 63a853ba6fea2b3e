// What flows now: messages published in the last minutes by what became of them, and the rate.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { useRefresh } from "@/app/preferences";
import { count, plural, rate } from "@/model/numbers";
import { span, toMs } from "@/model/time";
import { STATES } from "@/model/state";
import { Bars } from "@/parts/Bars";
import { Asking, Failed } from "@/parts/Nothing";
import { Section } from "@/parts/Page";
import { State } from "@/parts/State";
import { Time } from "@/parts/Time";
import { bars, highest, recentRate } from "./flow";
import css from "./Home.module.css";
import { FLOW_MINUTES, flowQuery } from "./queries";

export function Flow({ capture }: { capture: Schemas["CaptureOut"] }) {
  const { data, error, refetch } = useQuery(flowQuery(useRefresh()));
  if (!data) return error ? <Failed error={error} again={() => void refetch()} /> : <Asking />;
  const shownBars = bars(data.buckets);
  const top = highest(shownBars);
  const totals = new Map<string, number>();
  for (const bar of shownBars) for (const part of bar.parts) totals.set(part.state, (totals.get(part.state) ?? 0) + part.count);
  const said = `${count(data.total)} messages published in the last ${FLOW_MINUTES} minutes`;
  return (
    <Section title="What flows now" facts={`published in the last ${FLOW_MINUTES} minutes, by what became of it`}>
      <p className={css.rates}>
        <span className={css.rate}>{rate(recentRate(data.buckets, 1))}</span> over the last minute, <span className={css.rate}>{rate(recentRate(data.buckets, FLOW_MINUTES))}</span> over {FLOW_MINUTES} minutes{top ? `; the highest bar is ${plural(top.count, "message")} in ${span(toMs(top.until) - toMs(top.since))}` : ""}
      </p>
      {data.total === 0 ? (
        <p className={css.fine}>
          {capture.lost || data.not_captured.length > 0 ? `No publish was captured in the last ${FLOW_MINUTES} minutes, and not all of that time was captured` : `Nothing was published in the last ${FLOW_MINUTES} minutes`}. The newest event is from <Time at={capture.last_observed_at} />.
        </p>
      ) : (
        <>
          <Bars label={`${said}, in ${shownBars.length} spans: ${[...totals].map(([state, of]) => `${count(of)} ${state}`).join(", ")}.`} bars={shownBars} gaps={data.not_captured} />
          <div className={css.ends}>
            <Time at={data.since} date={false} digits={0} />
            <span className={css.legend}>
              {STATES.filter((state) => totals.has(state))
                .map((state) => (
                  <Link key={state} to="/messages" search={{ q: `state:${state}`, since: `now-${FLOW_MINUTES}m` }}>
                    <State state={state} /> {count(totals.get(state) ?? 0)}
                  </Link>
                ))}
            </span>
            <Time at={data.until} date={false} digits={0} />
          </div>
        </>
      )}
    </Section>
  );
}
