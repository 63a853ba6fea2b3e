"""FastStream without tracing: two services, one asks the other and waits for its answer."""

from recordings.stage import Stage

FRAMEWORK = "FastStream"
MESSAGES = 20


def record(stage: Stage) -> None:
    """Run two services and a client until everything is handled."""
    run(stage, stage.python("faststream[rabbit]==0.7.8"))


def run(stage: Stage, python: object) -> None:
    """Run the scripts with *python*, which has FastStream."""
    for name in ("stock", "orders"):
        stage.start(name, [str(python), "shop.py", name], {"SERVICE": name})
        stage.wait_queue(f"{name}.work")
    stage.run("web", [str(python), "web.py"], {"SERVICE": "web"})
    stage.wait_told(MESSAGES)
    stage.wait_handled()
