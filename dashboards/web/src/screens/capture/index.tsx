// Capture: coverage of each vhost, lag, gaps on a line of time, what it costs, and what cannot be seen.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { asking } from "@/api/asking";
import { client, type Schemas } from "@/api/client";
import { useCaptureAt } from "@/api/past";
import { useOfNow } from "@/app/now";
import { usePreferences, useRefresh } from "@/app/preferences";
import { captureSentence } from "@/model/capture";
import { shown } from "@/model/names";
import { bytes, count, rate, short } from "@/model/numbers";
import { span, toMs } from "@/model/time";
import { AsOf } from "@/parts/AsOf";
import { Facts } from "@/parts/Facts";
import { Computing } from "@/parts/Computing";
import { Failed } from "@/parts/Nothing";
import { Page, Section } from "@/parts/Page";
import { TimeAgo } from "@/parts/Time";
import { Coverage, Vhosts } from "./Coverage";
import { Gaps } from "./Gaps";
import { Taps } from "./Taps";

type Capture = Schemas["CaptureOut"];

const costQuery = (refreshMs: number | false) => asking(["capture", "cost"], (signal) => client.GET("/api/v1/capture/cost", { signal }), refreshMs);

const route = getRouteApi("/capture");

export default function CaptureScreen() {
  const { at } = route.useSearch();
  const { data, error, failureReason, refetch } = useCaptureAt(at);
  if (!data) {
    return (
      <Page title="Capture" name="Capture">
        <AsOf shows="then" what="capture" />
        <Computing error={error} failure={failureReason} again={() => void refetch()} />
      </Page>
    );
  }
  const moment = data.as_of ? toMs(data.as_of.at) : undefined;
  return (
    <Page title="Capture" name="Capture" facts={<Sentence capture={data} now={moment} />}>
      <AsOf shows="then" what="capture" />
      <Told capture={data} now={moment} />
      <Coverage rows={data.coverage} />
      <Gaps capture={data} now={moment} />
      <Vhosts rows={data.vhosts} />
      {data.as_of ? null : <Cost />}
      <Taps capture={data} />
      <Section title="What cannot be seen" facts="not seen is not the same as did not happen">
        <ul>
          {data.blind_spots.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      </Section>
    </Page>
  );
}

/** *now* (ms) is the time that the page shows, where that is not the present. */
type AtProps = { capture: Capture; now: number | undefined };

function Sentence({ capture, now }: AtProps) {
  const { zone } = usePreferences();
  const said = useOfNow((present) => captureSentence(capture, now ?? present, zone).text);
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
}

function Told({ capture, now }: AtProps) {
  const dead = capture.unseen_dead_letters;
  return (
    <Facts
      facts={[
        ["Broker", `${shown(capture.broker) || "not known"}, RabbitMQ ${shown(capture.broker_version) || "of unknown version"}`],
        ["Collector", capture.collector ? `${shown(capture.collector)}, term ${capture.epoch}` : "none has written here"],
        ["Behind the broker", capture.lag_s === 0 && capture.caught_up ? "up to date" : span(capture.lag_s * 1000)],
        ["First event", <TimeAgo key="first" at={capture.first_observed_at} now={now} />],
        ["Last event", <TimeAgo key="last" at={capture.last_observed_at} now={now} />],
        ["Captured", `${count(capture.events)} events: ${count(capture.published)} published, ${count(capture.delivered)} delivered, ${count(capture.dead_lettered)} dead-lettered`],
        ["Not understood", capture.undecodable ? `${count(capture.undecodable)} events, kept as they came` : "none"],
        ["Dead letters that only the broker counted", dead === null ? "not known: the broker does not tell its counters" : count(dead)],
        ["Broker's own events", capture.event_exchange ? "followed" : "not available: connections and consumers are sampled instead"],
        ["Repeats that could not be told apart", count(capture.ambiguous_overlaps)],
        ["Steps of the clock", count(capture.clock_steps)],
      ]}
    />
  );
}

function Cost() {
  const { data, error, refetch } = useQuery(costQuery(useRefresh()));
  if (!data) return error ? <Failed error={error} again={() => void refetch()} /> : null;
  const cores = data.broker_cores;
  return (
    <Section title="What it costs">
      <Facts
        facts={[
          ["Captured a second", data.events_per_s === null ? "not known before the first audit" : `${rate(data.events_per_s)} publishes and deliveries`],
          [
            "Of the broker's CPU",
            cores === null || data.event_us === null ? "not known" : `about ${short(cores)} cores: ${short(data.event_us)} µs an event, as measured on RabbitMQ ${data.measured_on} (an estimate)`,
          ],
          ["The log", `${bytes(data.log_bytes)}${data.log_bytes_per_s === null ? "" : `, growing by ${bytes(Math.round(data.log_bytes_per_s * 86_400))} a day at the pace since its beginning`}`],
        ]}
      />
    </Section>
  );
}
