"""Draining a tap's backlog into the log, against a plain socket that acknowledges and discards.

A real broker, a real firehose: half of the events are publishes, half deliveries. The backlog is made while no collector
runs, so the figure is the collector's and not the broker's tracing.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from pamqp import commands

from bench.measure import Timed, timed
from bench.raw import RawConnection, discard, frames_of, short, table
from bench.traffic import body
from examples.local_broker import open_broker
from store.sqlite.log import SqliteEventLog

EVENTS = 100_000
TAP = "obs.tap.firehose"
HOPTRAIL = Path(sys.executable).with_name("hoptrail")
DRAIN_S_MAX = 300
POLL_S = 0.2


@contextmanager
def backlog(events: int, directory: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the AMQP URL and hoptrail's settings beside a broker whose tap holds *events* events."""
    with open_broker(directory / "broker") as broker:
        settings = {
            **os.environ,
            "HOPTRAIL_AMQP_URL": broker.amqp_url,
            "HOPTRAIL_MANAGEMENT_URL": broker.management_url,
            "HOPTRAIL_STORE": f"sqlite:///{directory / 'store'}",
        }
        with collector(settings, directory):
            wait_for(lambda: stored_events(directory / "store") > 0)
        fill(broker.amqp_url, events // 2)
        yield broker.amqp_url, settings


@contextmanager
def collector(settings: dict[str, str], directory: Path) -> Iterator[psutil.Process]:
    """Run ``hoptrail collect`` while the block lasts."""
    with (directory / "collect.stderr").open("ab") as log:
        process = subprocess.Popen([HOPTRAIL, "collect"], env=settings, stderr=log)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def fill(url: str, messages: int) -> None:
    """Publish *messages* of 300 bytes and consume them, so that the tap gets twice as many events."""
    with RawConnection(url) as connection:
        declare = commands.Queue.Declare(queue="work", arguments={"x-queue-type": "classic"})
        connection.call(declare, commands.Queue.DeclareOk)
    reader = threading.Thread(target=discard, args=(url, "work", messages))
    reader.start()
    with RawConnection(url) as connection:
        connection.publish_all([publish(number) for number in range(messages)])
    reader.join()


def publish(number: int) -> bytes:
    """Return the frames of one publish with the properties of a traced service."""
    trace = b"00-%032x-%016x-01" % (number, number)
    headers = table({b"traceparent": b"S" + len(trace).to_bytes(4, "big") + trace})
    properties = {
        "content_type": short(b"application/json"),
        "headers": headers,
        "delivery_mode": b"\2",
        "message_id": short(b"%032x" % number),
        "type": short(b"order.placed"),
    }
    return frames_of(1, b"", b"work", properties, body(number))


def stored_events(directory: Path) -> int:
    """Return how many events the log in *directory* holds."""

    async def count() -> int:
        async with SqliteEventLog(directory, read_only=True) as log:
            head = await log.head()
            return head.next_position if head else 0

    return asyncio.run(count())


def wait_for(condition: object) -> None:
    """Wait until *condition* holds, at most :data:`DRAIN_S_MAX` seconds."""
    assert callable(condition)
    end = time.monotonic() + DRAIN_S_MAX
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the backlog did not drain")
        time.sleep(POLL_S)


def drain_span(directory: Path, start: int) -> tuple[int, float]:
    """Return how many traffic events stand from block *start* on, and the seconds between taking the first and the last."""

    async def read() -> tuple[int, float]:
        count, times = 0, list[int]()
        async with SqliteEventLog(directory, read_only=True) as log:
            async for block in log.blocks(start=start):
                kinds = block.header.kinds
                traffic = kinds.get("MessagePublished", 0) + kinds.get("MessageDelivered", 0)
                count += traffic
                if traffic:
                    times += [block.header.first_observed_at, block.header.last_observed_at]
        return count, (max(times) - min(times)) / 1e9 if times else 0.0

    return asyncio.run(read())


def drain_by_collector(events: str = str(EVENTS)) -> Timed:
    """Let ``hoptrail collect`` drain the backlog into SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        directory, store = Path(folder), Path(folder) / "store"
        with backlog(int(events), directory) as (_, settings), collector(settings, directory) as it:
            # Only the head is looked at meanwhile: reading the log would take from what is measured.
            wait_for(lambda: stored_events(store) >= int(events))
            wait_for(lambda: drain_span(store, 0)[0] >= int(events))
            used, memory = it.cpu_times(), it.memory_info().rss
            count, seconds = drain_span(store, 0)
        return Timed(
            count=count,
            seconds=seconds,
            cpu_s=used.user + used.system,
            extra={"collector_mib": round(memory / 2**20, 1)},
        )


def drain_by_discarding(events: str = str(EVENTS)) -> Timed:
    """Let a plain socket drain the backlog, looking at nothing."""
    with tempfile.TemporaryDirectory() as folder, backlog(int(events), Path(folder)) as (url, _):
        return timed(int(events), lambda: discard(url, TAP, int(events)))
