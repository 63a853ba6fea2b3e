"""The plain Java client: named and nameless connections, two services in one process, requests, a loop of retries."""

from recordings import jvm
from recordings.stage import Stage

FRAMEWORK = "RabbitMQ Java client"
MESSAGES = 5 * 5
"""Each of five orders leads to a request, its answer, an invoice and a parcel."""


def record(stage: Stage, options: tuple[str, ...] = ()) -> None:
    """Run the services, then the shop, until every message was sent; *options* are the virtual machines'."""
    java = jvm.install(stage, jvm.APPLICATIONS.parent / "java_client")
    stage.start("tax-shipping", java.command("shop.Main", "tax", "shipping", options=options))
    stage.start("billing", java.command("shop.Main", "billing", options=options))
    for queue in ("tax", "shipping", "billing"):
        stage.wait_queue(queue)
    stage.run("shop", java.command("shop.Main", "shop", options=options))
    stage.wait_told(MESSAGES)
