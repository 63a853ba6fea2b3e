"""aio-pika with its OpenTelemetry instrumentation: a fan-out to two services, one of which goes on."""

from recordings.stage import Stage

FRAMEWORK = "aio-pika with OpenTelemetry"
MESSAGES = 20


def record(stage: Stage) -> None:
    """Run two services and a client until everything is handled."""
    python = stage.python(
        "aio-pika==10.2.1",
        "opentelemetry-sdk==1.45.1",
        "opentelemetry-instrumentation-aio-pika==0.66b1",
    )
    for name in ("mails", "stock"):
        stage.start(name, [python, "service.py", name])
        stage.wait_queue(name)
    stage.run("web", [python, "web.py"])
    stage.wait_told(MESSAGES)
    stage.wait_handled()
