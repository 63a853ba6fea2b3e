"""Rust's lapin: a chain of services that pass on a correlation id, one of them named."""

from recordings.built import build
from recordings.stage import Stage

FRAMEWORK = "lapin"
MESSAGES = 5 * 3
"""Each of five orders leads to an invoice and a parcel."""


def record(stage: Stage) -> None:
    """Build and run the services, then the web shop that sends orders, until every message was sent."""
    program = build(
        stage, ["cargo", "build", "--quiet"], package="cargo", makes="target/debug/shop"
    )
    stage.versions["lapin"] = "2.5.4"
    for service in ("shipping", "billing"):
        stage.start(service, [program, service])
        stage.wait_queue(service)
    stage.run("web", [program, "web"])
    stage.wait_told(MESSAGES)
