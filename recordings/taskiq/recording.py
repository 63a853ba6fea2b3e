"""Taskiq: tasks that start others, one with a delay, one that is retried."""

from recordings.stage import Stage

FRAMEWORK = "Taskiq"
MESSAGES = 18


def record(stage: Stage) -> None:
    """Run two workers and a web process until every task is done."""
    python = stage.python("taskiq==0.13.0", "taskiq-aio-pika==0.6.1")
    for name in ("orders", "mails"):
        command = [python, "-m", "taskiq", "worker", f"shop:{name}", "--workers", "1"]
        stage.start(name, command, {"SERVICE": name})
        stage.wait_queue(name)
    stage.run("web", [python, "web.py"], {"SERVICE": "web"})
    stage.wait_told(MESSAGES)
    stage.wait_handled()
