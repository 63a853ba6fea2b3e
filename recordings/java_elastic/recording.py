"""The plain Java client under Elastic's agent: `elastic-apm-traceparent`, and `traceparent` beside it."""

from recordings import jvm
from recordings.java_client import recording as plain
from recordings.stage import Stage

FRAMEWORK = "Elastic APM Java agent"
AGENT = "co.elastic.apm:elastic-apm-agent:1.55.1"


def record(stage: Stage) -> None:
    """Run the shop with the agent; nothing is sent to a server."""
    plain.record(
        stage,
        (
            f"-javaagent:{jvm.agent(stage, AGENT)}",
            "-Delastic.apm.disable_send=true",
            "-Delastic.apm.cloud_provider=NONE",
            "-Delastic.apm.central_config=false",
            "-Delastic.apm.trace_methods=shop.Main#placeOrder",
        ),
    )
