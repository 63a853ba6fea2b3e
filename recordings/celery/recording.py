"""Celery: a web shop that starts a chain, a group, a task that is retried, also as part of a chain, and one with a delay."""

from recordings.stage import Stage

FRAMEWORK = "Celery"
WORKERS = ("orders", "mails")
MESSAGES = 32


def record(stage: Stage) -> None:
    """Run two workers and a web process until every task is done."""
    python = stage.python("celery==5.7.0")
    for name in WORKERS:
        command = [python, "-m", "celery", "-A", "shop", "worker", "-Q", name, "-n", f"{name}@shop"]
        stage.start(name, [*command, "-c", "2"], {"SERVICE": name})
        stage.wait_queue(name)
    stage.run("web", [python, "web.py"], {"SERVICE": "web"})
    stage.wait_told(MESSAGES)
    stage.wait_handled()
