"""Nameko: remote calls that call on, two at a time, one that fails, and events. Its last release wants Python 3.9."""

import shutil

from recordings.stage import ScenarioFailed, Stage

FRAMEWORK = "Nameko"
SERVICES = ("mails", "stock", "orders")
MESSAGES = 24


def record(stage: Stage) -> None:
    """Run three services and a client that calls from outside of services."""
    interpreter = shutil.which("python3.9")
    if interpreter is None:
        raise ScenarioFailed("Nameko needs Python 3.9 as python3.9 on the path")
    python = stage.python("nameko==2.14.1", "kombu==5.6.2", interpreter=interpreter)
    for name in SERVICES:
        command = [python.with_name("nameko"), "run", f"shop:{name.capitalize()}"]
        stage.start(name, [*command, "--config", "shop.yaml"])
        stage.wait_queue("evt-orders-placed--mails.note" if name == "mails" else f"rpc-{name}")
    stage.run("web", [python, "web.py"])
    stage.wait_told(MESSAGES)
    stage.wait_handled()
