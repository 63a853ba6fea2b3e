"""Rascal, on amqplib: messages published to their queue again after a failure, and one that is forwarded in the end."""

from recordings import node
from recordings.stage import Stage

FRAMEWORK = "Rascal"
SERVICES = {"desk": "failed", "billing": "billing"}
"""Services and the queues they consume."""
MESSAGES = 5 + 4 + 1 + 3 + 1
"""Four of five orders lead to an invoice, one of them after a second publish; one is published until it is complained of."""


def record(stage: Stage) -> None:
    """Run the services, then the web shop that sends orders, until every message was sent."""
    there = node.install(stage)
    command = [there.program, "app.cjs"]
    for service, queue in SERVICES.items():
        stage.start(service, [*command, service], there.environment, cwd=there.folder)
        stage.wait_queue(queue)
    stage.run("web", [*command, "web"], there.environment, cwd=there.folder)
    stage.wait_told(MESSAGES)
