"""Capturing live while publishers are flat out: hoptrail's log against the flat file of the broker's own tracing plugin.

Both see the same traffic: raw publishers without confirms that only the broker's flow control slows down, and one
consumer. The rate is that from the first publish until everything there will be is durable, or written: a tap has no
flow control back to publishers, so what it cannot follow waits in the broker. Beside it stands the rate while they
published, and `missed`, what never came.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.capture import collector
from bench.flow import Flow, declare
from bench.measure import Timed
from bench.usage import broker_pid, cpu_s, peak_mib
from examples.local_broker import Broker, PrivateNode, open_broker
from store.sqlite.log import SqliteEventLog
from tests.support.captured import Meter
from tests.support.collecting import tap_depth
from tests.support.management import Management
from tests.support.wait import wait_until

SECONDS: Final = 10
PUBLISHERS: Final = 2
LEAD_S_MAX: Final = 60
REST_S_MAX: Final = 120
POLL_S: Final = 0.1
READ_BYTES: Final = 1 << 24
QUIET_S: Final = 15.0
"""When nothing came for so long, nothing more is expected."""

TRACE: Final = "bench"
ENTRIES: Final = (b": Message published\n", b": Message received\n")
"""The first line of an entry in the plugin's file ends so."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run gave: *captured* of *events* when publishing stopped after *seconds*, *at_last* of them *rest_s* later."""

    events: int
    captured: int
    at_last: int
    published: int
    seconds: float
    rest_s: float

    def timed(self, cpu_s: float, **more: object) -> Timed:
        """Return the rate, with what stands beside it."""
        extra = {**self.told(), **more}
        return Timed(
            count=self.at_last, seconds=self.seconds + self.rest_s, cpu_s=cpu_s, extra=extra
        )

    def told(self) -> dict[str, object]:
        """Return what stands beside the rate."""
        return {
            "events": self.events,
            "missed": self.events - self.at_last,
            "published_per_s": round(self.published / self.seconds),
            "events_per_s_while_publishing": round(self.captured / self.seconds),
            "rest_s": round(self.rest_s, 1),
        }


def watched(url: str, seconds: float, captured: Callable[[], int]) -> Run:
    """Publish flat out for *seconds*; *captured* returns how many events are durable, or written, now."""
    with Flow(url, publishers=PUBLISHERS) as flow:
        began = time.monotonic()
        time.sleep(seconds)
        published, at_stop = flow.published, captured()
        ended = time.monotonic()
        flow.stop()
    last, moved_at = captured(), time.monotonic()
    while last < flow.events and time.monotonic() < min(moved_at + QUIET_S, ended + REST_S_MAX):
        time.sleep(POLL_S)
        if (now := captured()) != last:
            last, moved_at = now, time.monotonic()
    return Run(
        events=flow.events,
        captured=at_stop,
        at_last=last,
        published=published,
        seconds=ended - began,
        rest_s=moved_at - ended,
    )


def by_collector(seconds: str = str(SECONDS), queue_type: str = "quorum") -> Timed:
    """Let ``hoptrail collect`` capture into SQLite."""
    with _broker() as (broker, directory):
        store = directory / "store"
        settings = {
            **os.environ,
            "HOPTRAIL_AMQP_URL": broker.amqp_url,
            "HOPTRAIL_MANAGEMENT_URL": broker.management_url,
            "HOPTRAIL_STORE": f"sqlite:///{store}",
            "HOPTRAIL_TAP_QUEUE_TYPE": queue_type,
        }
        with collector(settings, directory) as it:
            wait_until(lambda: is_consumed(broker.amqp_url), timeout_s=LEAD_S_MAX)
            used, broker_used = cpu_s(it.pid), cpu_s(broker_pid(broker))
            run = watched(broker.amqp_url, float(seconds), Meter(store).traffic)
            return run.timed(
                cpu_s(it.pid) - used,
                broker_cpu_s=round(cpu_s(broker_pid(broker)) - broker_used, 1),
                collector_peak_mib=peak_mib(it.pid),
            )


def by_tracing_plugin(seconds: str = str(SECONDS), queue_type: str = "") -> Timed:
    """Let the plugin rabbitmq_tracing write its text file; *queue_type* concerns the collector only."""
    del queue_type
    with _broker() as (broker, directory):
        trace = _start_trace(broker, directory)
        broker_used = cpu_s(broker_pid(broker))
        run = watched(broker.amqp_url, float(seconds), Entries(trace).count)
        return run.timed(0.0, broker_cpu_s=round(cpu_s(broker_pid(broker)) - broker_used, 1))


@contextmanager
def _broker() -> Iterator[tuple[Broker, Path]]:
    with tempfile.TemporaryDirectory() as folder, open_broker(Path(folder) / "broker") as broker:
        declare(broker.amqp_url)
        yield broker, Path(folder)


def _start_trace(broker: Broker, directory: Path) -> Path:
    """Switch the plugin on and let it trace the default vhost; return its file."""
    assert isinstance(broker, PrivateNode), "the plugin can only be switched on in a private node"
    enabled = broker.directory / "enabled_plugins"
    enabled.write_text(enabled.read_text().replace("].", ",rabbitmq_tracing]."))
    files = directory / "traces"
    for command in (
        f'rabbit_plugins:ensure("{enabled}").',
        f'application:set_env(rabbitmq_tracing, directory, "{files}").',
    ):
        broker.rabbitmqctl("eval", command)
    with Management(broker.management_url) as management:
        management.put("traces", "/", TRACE, body={"format": "text", "pattern": "#"})
    return files / f"{TRACE}.log"


def is_consumed(url: str) -> bool:
    """Say whether a collector reads the firehose tap of the vhost of *url*."""
    depth = tap_depth(url)
    return depth is not None and depth[1] > 0


def traffic_below(store: Path, position: int) -> int:
    """Return how many publishes and deliveries stand in the blocks that begin below *position*."""

    async def read() -> int:
        async with SqliteEventLog(store, read_only=True) as log:
            return sum(
                [
                    block.header.kinds.get("MessagePublished", 0)
                    + block.header.kinds.get("MessageDelivered", 0)
                    async for block in log.blocks(start=0)
                    if block.header.first_position < position
                ]
            )

    return asyncio.run(read())


class Entries:
    """Counts the entries of the plugin's growing file, reading each byte once."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace
        self._read = 0
        self._rest = b""
        self._count = 0

    def count(self) -> int:
        """Return how many entries begin in the file now."""
        with self._trace.open("rb") as lines:
            lines.seek(self._read)
            while told := lines.read(READ_BYTES):
                self._read += len(told)
                whole, newline, self._rest = (self._rest + told).rpartition(b"\n")
                self._count += sum((whole + newline).count(entry) for entry in ENTRIES)
        return self._count
