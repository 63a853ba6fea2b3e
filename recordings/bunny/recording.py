"""Ruby's Bunny: a worker with the retry queues that Sneakers makes, where one message is tried again and one given up."""

from recordings import debian
from recordings.stage import Stage

FRAMEWORK = "Bunny"
MESSAGES = 5 + 4 + 1
"""Four of five orders lead to an invoice, one is published to the error queue."""


def record(stage: Stage) -> None:
    """Run the worker, then the web shop that sends orders, until every message was sent."""
    debian.need(stage, "ruby", "ruby-bunny")
    stage.start("billing", ["ruby", "shop.rb", "billing"])
    stage.wait_queue("billing")
    stage.run("web", ["ruby", "shop.rb", "web"])
    stage.wait_told(MESSAGES)
