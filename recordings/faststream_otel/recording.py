"""FastStream with its OpenTelemetry middleware: the same services, traced."""

from pathlib import Path

from recordings.faststream.recording import run
from recordings.stage import Stage

FRAMEWORK = "FastStream with OpenTelemetry"


def record(stage: Stage) -> None:
    """Run what is recorded without tracing."""
    python = stage.python("faststream[rabbit,otel]==0.7.8", "opentelemetry-sdk==1.45.1")
    stage.scripts = Path(__file__).parents[1] / "faststream"
    stage.extra = {"TRACED": "1"}
    run(stage, python)
