"""Celery on quorum queues: a delay is kept by a chain of queues with a TTL, as deep as the delay has bits."""

from recordings.stage import Stage

FRAMEWORK = "Celery on quorum queues"
MESSAGES = 8


def record(stage: Stage) -> None:
    """Run a worker and a web process until every task is done."""
    python = stage.python("celery==5.7.0")
    command = [python, "-m", "celery", "-A", "later", "worker", "-Q", "orders", "-n", "orders@shop"]
    stage.start("orders", [*command, "-c", "1"], {"SERVICE": "orders"})
    stage.wait_queue("orders")
    stage.run("web", [python, "later.py"], {"SERVICE": "web"})
    stage.wait_told(MESSAGES)
    stage.wait_handled()
