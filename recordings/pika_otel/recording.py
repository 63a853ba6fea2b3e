"""pika with its OpenTelemetry instrumentation: a chain of three services, the last of which fails once and tries again."""

from recordings.stage import Stage

FRAMEWORK = "pika with OpenTelemetry"
STEPS = ("orders", "stock", "mails")
MESSAGES = 15


def record(stage: Stage) -> None:
    """Run the services and a client until everything is handled."""
    python = stage.python(
        "pika==1.4.4",
        "opentelemetry-sdk==1.45.1",
        "opentelemetry-instrumentation-pika==0.66b1",
    )
    for number, name in enumerate(STEPS):
        stage.start(name, [python, "service.py", *STEPS[number:]])
        stage.wait_queue(name)
    stage.run("web", [python, "web.py"])
    stage.wait_told(MESSAGES)
    stage.wait_handled()
