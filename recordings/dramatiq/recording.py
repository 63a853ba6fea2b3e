"""Dramatiq: tasks that start others, one with a delay, one that is retried until it succeeds, one until it is dead."""

from recordings.stage import Stage

FRAMEWORK = "Dramatiq"
MESSAGES = 24


def record(stage: Stage) -> None:
    """Run two workers and a web process until every task is done or dead."""
    python = stage.python("dramatiq[rabbitmq]==2.2.1")
    for name in ("orders", "mails"):
        command = [python, "-m", "dramatiq", "shop", "-Q", name, "-p", "1", "-t", "2"]
        stage.start(name, command, {"SERVICE": name})
        stage.wait_queue(name)
    stage.run("web", [python, "web.py"], {"SERVICE": "web"})
    stage.wait_told(MESSAGES)
    stage.wait(lambda: stage.depth("orders.XQ") == 1)
