"""The Go client: one named and two nameless services, requests over a reply queue, message ids as correlation ids."""

from recordings.built import build
from recordings.stage import Stage

FRAMEWORK = "RabbitMQ Go client"
MESSAGES = 5 * 4
"""Each of five orders leads to a request, its answer and an invoice."""


def record(stage: Stage) -> None:
    """Build and run the services, then the web shop that sends orders, until every message was sent."""
    program = build(stage, ["go", "build", "-o", "shop", "."], package="golang-go", makes="shop")
    stage.versions["amqp091-go"] = "1.10.0"
    for service in ("prices", "billing"):
        stage.start(service, [program, service])
        stage.wait_queue(service)
    stage.run("web", [program, "web"])
    stage.wait_told(MESSAGES)
