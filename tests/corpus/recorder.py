"""Record scenarios: one broker for all, for each a vhost, a collector and a log of its own.

With `BACKLOG` a scenario is played while no collector runs, and captured from what the tap kept.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from examples.local_broker import Broker, open_broker
from recordings import golden
from tests.conftest import url_in
from tests.corpus.scenarios import SCENARIOS
from tests.corpus.scene import Scene
from tests.support.captured import read
from tests.support.collecting import Collector
from tests.support.management import Management
from tests.support.wait import wait_until

RECORDED: Final = Path(__file__).parent / "recorded"
BACKLOG: Final = ("seen_from_the_backlog",)
"""Scenarios that are played while no collector runs."""
CONFIG: Final = "collect_statistics_interval = 1000"
SETTLE_S: Final = 2.0
SETTLE_WITHIN_S: Final = 60


def record(names: Sequence[str], report: Callable[[str], None]) -> None:
    """Record the scenarios *names* into ``tests/corpus/recorded``."""
    run = Path(tempfile.mkdtemp(prefix="corpus-"))
    broker = open_broker(run / "broker", config=CONFIG, report=report)
    try:
        for name in names:
            folder = _record(broker, name, run / name)
            report(f"{name}: {(folder / 'log.zst').stat().st_size} bytes")
    finally:
        broker.close()
    shutil.rmtree(run)


def _record(broker: Broker, name: str, run: Path) -> Path:
    play = SCENARIOS[name]
    with Management(broker.management_url) as management:
        management.create_vhost(name, broker.user)
        url = url_in(broker, name)
        run.mkdir()
        collector = Collector(
            run / "store",
            {name: url},
            amqp_url=broker.amqp_url,
            management_url=broker.management_url,
            told_in=run,
        )
        with collector.leading():
            if name in BACKLOG:
                collector.stop()
            truth = asyncio.run(_play(name, url))
            if name in BACKLOG:
                collector.start_leading()
            _settle(collector)
            collector.drain_and_stop(events=1 << 40)
        captured = read(run / "store")
        about = {"framework": play.__doc__ or name, "broker": f"RabbitMQ {broker.version}"}
        folder = RECORDED / name
        golden.write(
            folder, captured.envelopes, captured.bodies, truth, about, hide=[str(run.parent)]
        )
        management.delete("vhosts", name)
    return folder


async def _play(name: str, url: str) -> list[dict[str, object]]:
    async with Scene(url) as scene:
        await SCENARIOS[name](scene)
        return scene.truth


def _settle(collector: Collector) -> None:
    """Wait until no traffic has reached the log for a while."""
    last, since = -1, time.monotonic()

    def is_quiet() -> bool:
        nonlocal last, since
        now = collector.meter.traffic()
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > SETTLE_S

    wait_until(is_quiet, timeout_s=SETTLE_WITHIN_S)
