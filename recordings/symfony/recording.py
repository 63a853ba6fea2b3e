"""Symfony Messenger: handlers, retries that wait in a queue, and a message that ends in the failure transport."""

from recordings import debian
from recordings.stage import Stage

FRAMEWORK = "Symfony Messenger"
PACKAGES = (
    "php-cli",
    "php-amqp",
    "php-xml",
    "php-symfony-messenger",
    "php-symfony-amqp-messenger",
    "php-symfony-serializer",
    "php-symfony-property-access",
    "php-symfony-event-dispatcher",
    "php-symfony-dependency-injection",
)
MESSAGES = 4 * 2 + 1 + 3
"""Each of four orders leads to an invoice; one of them is retried once, another twice and then put aside."""


def record(stage: Stage) -> None:
    """Run both workers, then the web shop that sends orders, until every message was sent."""
    debian.need(stage, *PACKAGES)
    for service in ("shipping", "billing"):
        stage.start(service, ["php", "shop.php", service])
    stage.run("web", ["php", "shop.php", "web"])
    stage.wait_told(MESSAGES)
