"""kombu without a framework on top and without tracing: what nothing tells is to be seen from the deliveries alone."""

from recordings.stage import Stage

FRAMEWORK = "kombu"
STEPS = ("orders", "stock", "mails")
MESSAGES = 15


def record(stage: Stage) -> None:
    """Run the services and a client until everything is handled."""
    python = stage.python("kombu==5.7.0")
    for number, name in enumerate(STEPS):
        stage.start(name, [python, "service.py", *STEPS[number:]])
        stage.wait_queue(name)
    stage.run("web", [python, "web.py"])
    stage.wait_told(MESSAGES)
    stage.wait_handled()
