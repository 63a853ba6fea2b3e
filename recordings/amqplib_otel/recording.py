"""amqplib under OpenTelemetry: orders, a request to a service that is not instrumented, a requeue and a dead letter."""

from recordings import node
from recordings.stage import Stage

FRAMEWORK = "amqplib with OpenTelemetry"
CONSUMERS = {"tax": "tax", "complaints": "complaints", "shipping": "shipping", "billing": "billing"}
"""Services and the queues they consume."""
MESSAGES = 6 * 5
"""Each of six orders leads to a request, its answer, an invoice, and a parcel or an excuse."""


def record(stage: Stage) -> None:
    """Run the consumers, then the shop, until every message was sent."""
    there = node.install(stage)
    for service, queue in CONSUMERS.items():
        command = [there.program, "app.cjs", service]
        stage.start(service, command, there.environment, cwd=there.folder)
        stage.wait_queue(queue)
    stage.run("shop", [there.program, "app.cjs", "shop"], there.environment, cwd=there.folder)
    stage.wait_told(MESSAGES)
