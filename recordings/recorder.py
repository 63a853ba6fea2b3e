"""Record one framework: broker, collector, scenario, and what they left behind as a golden recording."""

import importlib
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from examples.local_broker import open_broker
from recordings import golden
from recordings.stage import Stage
from tests.support.captured import read
from tests.support.collecting import Collector
from tests.support.wait import wait_until

HERE: Final = Path(__file__).parent
KEPT: Final = HERE.parent / ".run" / "recordings"
CONFIG: Final = "collect_statistics_interval = 1000"
QUIET_S: Final = 3.0
QUIET_WITHIN_S: Final = 60


def names() -> list[str]:
    """Return what can be recorded: each folder here that holds a `recording.py`."""
    return sorted(path.parent.name for path in HERE.glob("*/recording.py"))


def record(name: str, *, out: Path | None = None, report: Callable[[str], None]) -> Path:
    """Record *name* and return the folder of the recording, *out* or its place among the goldens.

    `recordings/NAME/recording.py` has `FRAMEWORK`, how people call it, and `record(stage)`, which returns once everything
    was sent and handled.

    Raises:
        ScenarioFailed, BrokerUnavailable, TooLarge: as they say.
    """
    scenario = importlib.import_module(f"recordings.{name}.recording")
    folder = out or golden.FOLDER / name
    run = Path(tempfile.mkdtemp(prefix=f"recording-{name}-"))
    broker = open_broker(run / "broker", config=CONFIG, report=report)
    try:
        amqp_url, management_url = broker.amqp_url, broker.management_url
        collector = Collector(
            run / "store",
            {"/": amqp_url},
            amqp_url=amqp_url,
            management_url=management_url,
            told_in=run,
        )
        with Stage(
            HERE / name,
            KEPT / name,
            run / "stage",
            amqp_url=amqp_url,
            management_url=management_url,
        ) as stage:
            with collector.leading():
                scenario.record(stage)
                stage.end()
                _wait_quiet(collector)
                collector.stop()
            about = {
                "framework": scenario.FRAMEWORK,
                "versions": stage.versions,
                "broker": f"RabbitMQ {broker.version}",
            }
            truth = stage.truth()
        captured = read(run / "store")
        hide = [str(HERE.parent), str(run), str(Path.home())]
        golden.write(folder, captured.envelopes, captured.bodies, truth, about, hide=hide)
    except BaseException:
        report(f"what ran is left in {run}")
        raise
    finally:
        broker.close()
    shutil.rmtree(run)
    return folder


def _wait_quiet(collector: Collector) -> None:
    """Wait until no traffic has reached the log for a while: an empty tap says nothing of what is not yet stored."""
    last, since = -1, time.monotonic()

    def is_quiet() -> bool:
        nonlocal last, since
        now = collector.meter.traffic()
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > QUIET_S

    wait_until(is_quiet, timeout_s=QUIET_WITHIN_S)
