// That no message was captured yet, why that is so, and the next step: told apart are a quiet broker, one out of reach, and no collector.
import type { Schemas } from "@/api/client";
import { shown } from "@/model/names";
import { plural } from "@/model/numbers";
import { Nothing } from "./Nothing";
import { Time } from "./Time";

type Capture = Pick<Schemas["CaptureOut"], "running" | "lost" | "broker" | "vhosts" | "first_observed_at">;

const DOCTOR = (
  <>
    <code>hoptrail doctor</code> tells what keeps it from the broker.
  </>
);

export function NothingCaptured({ capture }: { capture: Capture }) {
  return <Nothing what="No message was captured yet." why={<Why capture={capture} />} />;
}

function Why({ capture }: { capture: Capture }) {
  if (capture.lost) {
    return (
      <>
        Nothing is captured since <Time at={capture.lost.since} digits={0} />: {capture.lost.why}. {DOCTOR}
      </>
    );
  }
  if (capture.running) {
    return (
      <>
        hoptrail listens to {shown(capture.broker)} in {plural(capture.vhosts.length, "vhost")} since <Time at={capture.first_observed_at} digits={0} />, and no message was published there since. This page follows by itself as soon as one is; those from before cannot be seen.
      </>
    );
  }
  return (
    <>
      No collector captures into this store. Start one with <code>hoptrail run</code>, the address of the broker in <code>HOPTRAIL_AMQP_URL</code>. {DOCTOR}
    </>
  );
}
