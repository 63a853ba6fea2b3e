"""Spring AMQP with observations: listeners, requests, retries in memory, and a recoverer that publishes failures again."""

from recordings import jvm
from recordings.stage import Stage

FRAMEWORK = "Spring AMQP"
SERVICES = {"prices": ("prices",), "shipping": ("shipping", "shop.failed"), "billing": ("billing",)}
"""Services and the queues they consume."""
MESSAGES = 5 * 4 + 2
"""Each of five orders leads to a request, its answer and an invoice; one invoice fails and leads to a complaint."""


def record(stage: Stage) -> None:
    """Run the services, then the web shop that sends them orders, until every message was sent."""
    java = jvm.install(stage)
    for service, queues in SERVICES.items():
        stage.start(service, java.command("shop.Shop"), profile(service))
        for queue in queues:
            stage.wait_queue(queue)
    stage.run("web", java.command("shop.Shop"), profile("web"))
    stage.wait_told(MESSAGES)


def profile(service: str) -> dict[str, str]:
    """Return the environment in which Spring runs as *service*."""
    return {"ROLE": service, "SPRING_PROFILES_ACTIVE": service}
