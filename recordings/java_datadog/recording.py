"""The plain Java client under Datadog's agent, told to write its own headers only."""

from recordings import jvm
from recordings.java_client import recording as plain
from recordings.stage import Stage

FRAMEWORK = "Datadog Java agent"
AGENT = "com.datadoghq:dd-java-agent:1.68.1"


def record(stage: Stage) -> None:
    """Run the shop with the agent; nothing is sent to a server."""
    plain.record(
        stage,
        (
            f"-javaagent:{jvm.agent(stage, AGENT)}",
            "-Ddd.trace.propagation.style=datadog",
            "-Ddd.writer.type=LoggingWriter",
            "-Ddd.instrumentation.telemetry.enabled=false",
            "-Ddd.remote_config.enabled=false",
            "-Ddd.jmxfetch.enabled=false",
            "-Ddd.profiling.enabled=false",
        ),
    )
