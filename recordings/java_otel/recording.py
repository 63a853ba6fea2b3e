"""The plain Java client under the OpenTelemetry agent, which also writes the headers of B3 and of Jaeger."""

from recordings import jvm
from recordings.java_client import recording as plain
from recordings.stage import Stage

FRAMEWORK = "OpenTelemetry Java agent"
AGENT = "io.opentelemetry.javaagent:opentelemetry-javaagent:2.20.1"


def record(stage: Stage) -> None:
    """Run the shop with the agent; nothing is exported."""
    plain.record(
        stage,
        (
            f"-javaagent:{jvm.agent(stage, AGENT)}",
            "-Dotel.propagators=tracecontext,b3,b3multi,jaeger",
            "-Dotel.traces.exporter=none",
            "-Dotel.metrics.exporter=none",
            "-Dotel.logs.exporter=none",
        ),
    )
