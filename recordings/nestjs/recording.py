"""NestJS microservices over RabbitMQ: requests within requests, a refused one, events, and an event given back once."""

from recordings import node
from recordings.stage import Stage

FRAMEWORK = "NestJS"
SERVICES = ("archive", "mails", "stock", "orders")
"""Each consumes the queue of its name."""
MESSAGES = 5 * 6 - 2
"""Each of five orders leads to a request, two answers, an event and a mail; the one that is sold out to no event."""


def record(stage: Stage) -> None:
    """Compile and run the services, then the web shop that sends them orders, until every message was sent."""
    there = node.install(stage)
    compiler = there.folder / "node_modules" / "typescript" / "bin" / "tsc"
    stage.install([str(there.program), str(compiler)], cwd=there.folder)
    for service in SERVICES:
        command = [there.program, "app.js", service]
        stage.start(service, command, there.environment, cwd=there.folder)
        stage.wait_queue(service)
    stage.run("web", [there.program, "app.js", "web"], there.environment, cwd=there.folder)
    stage.wait_told(MESSAGES)
