"""The RabbitMQ binder of Spring Cloud Stream: functions, groups, both kinds of dead-letter queues, and a reader of one."""

from recordings import jvm
from recordings.spring_amqp.recording import profile
from recordings.stage import Stage

FRAMEWORK = "Spring Cloud Stream"
SERVICES = {
    "audit": "orders.audit",
    "shipping": "invoices.shipping",
    "complaints": "invoices.shipping.dlq",
    "billing": "orders.billing",
}
"""Services and the queues they consume."""
MESSAGES = 5 * 2 + 2
"""Each of five orders leads to an invoice; one invoice fails and leads to a complaint."""


def record(stage: Stage) -> None:
    """Run the services, then the web shop that sends them orders, until every message was sent."""
    java = jvm.install(stage)
    for service, queue in SERVICES.items():
        stage.start(service, java.command("shop.Shop"), profile(service))
        stage.wait_queue(queue)
    stage.run("web", java.command("shop.Shop"), profile("web"))
    stage.wait_told(MESSAGES)
