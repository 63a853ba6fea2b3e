"""Draining a tap's backlog into the log, against a plain socket that acknowledges and discards.

A real broker, a real firehose: half of the events are publishes, half deliveries. The backlog is made while no collector
runs, so the figure is the collector's and not the broker's tracing. How fast the broker hands a queue out depends on the
prefetch, so each side first drains small backlogs with several and is then measured with the one that was best for it.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
from pamqp import commands

from bench.measure import Timed, timed
from bench.raw import RawConnection, discard, frames_of, short, table
from bench.traffic import body
from examples.local_broker import open_broker
from store.sqlite.log import SqliteEventLog

EVENTS = 100_000
SCOUTED = 20_000
"""Events drained with each prefetch to find the best."""
COLLECTED_WITH = (2_000, 4_000, 6_000)
DISCARDED_WITH = (250, 500, 1_000, 2_000)
TAP = "obs.tap.firehose"
HOPTRAIL = Path(sys.executable).with_name("hoptrail")
DRAIN_S_MAX = 300
POLL_S = 0.5


@contextmanager
def tapped(directory: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the AMQP URL and hoptrail's settings beside a broker that is tapped, by nobody just now."""
    with open_broker(directory / "broker") as broker:
        settings = {
            **os.environ,
            "HOPTRAIL_AMQP_URL": broker.amqp_url,
            "HOPTRAIL_MANAGEMENT_URL": broker.management_url,
            "HOPTRAIL_STORE": f"sqlite:///{directory / 'store'}",
        }
        with collector(settings, directory):
            wait_for(lambda: stored_events(directory / "store") > 0)
        yield broker.amqp_url, settings


@contextmanager
def backlog(events: int, directory: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what :func:`tapped` does, when the tap holds *events* events."""
    with tapped(directory) as (url, settings):
        fill(url, events // 2)
        yield url, settings


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


def best_of(prefetches: Sequence[int], drain: Callable[[int, int], Timed]) -> int:
    """Return the one of *prefetches* with which *drain*, given a count of events and a prefetch, is fastest."""
    if len(prefetches) == 1:
        return prefetches[0]
    found = {prefetch: drain(SCOUTED, prefetch) for prefetch in prefetches}
    return max(found, key=lambda prefetch: found[prefetch].count / found[prefetch].seconds)


def measured(prefetches: Sequence[int], events: int, drain: Callable[[int, int], Timed]) -> Timed:
    """Return how *drain* does with the best of *prefetches*, and say which that is."""
    best = best_of(prefetches, drain)
    found = drain(events, best)
    return replace(found, extra={"prefetch": best, **found.extra})


def collected(
    url: str, settings: dict[str, str], directory: Path, events: int, prefetch: int
) -> Timed:
    """Let ``hoptrail collect`` with *prefetch* drain a backlog of *events* into a log of its own."""
    fill(url, events // 2)
    store = directory / f"store-{prefetch}-{events}"
    told = {"HOPTRAIL_STORE": f"sqlite:///{store}", "HOPTRAIL_PREFETCH": str(prefetch)}
    with collector(settings | told, directory) as it:
        # Only the head is looked at meanwhile, and seldom: reading takes from what is measured.
        wait_for(lambda: store.exists() and stored_events(store) >= events)
        wait_for(lambda: drain_span(store, 0)[0] >= events)
        used, memory = it.cpu_times(), it.memory_info().rss
        count, seconds = drain_span(store, 0)
    return Timed(
        count=count,
        seconds=seconds,
        cpu_s=used.user + used.system,
        extra={"collector_mib": round(memory / 2**20, 1)},
    )


def drain_by_collector(events: str = str(EVENTS), prefetch: str = "") -> Timed:
    """Let ``hoptrail collect`` drain the backlog into SQLite, with *prefetch* or the best one."""
    with tempfile.TemporaryDirectory() as folder, tapped(Path(folder)) as (url, settings):

        def drain(count: int, prefetch: int) -> Timed:
            return collected(url, settings, Path(folder), count, prefetch)

        return measured([int(prefetch)] if prefetch else COLLECTED_WITH, int(events), drain)


def drain_by_discarding(events: str = str(EVENTS), prefetch: str = "") -> Timed:
    """Let a plain socket drain the backlog, looking at nothing, with *prefetch* or the best one."""
    with tempfile.TemporaryDirectory() as folder, tapped(Path(folder)) as (url, _):

        def drain(count: int, prefetch: int) -> Timed:
            fill(url, count // 2)
            every = prefetch // 4
            return timed(
                count, lambda: discard(url, TAP, count, prefetch=prefetch, ack_every=every)
            )

        return measured([int(prefetch)] if prefetch else DISCARDED_WITH, int(events), drain)
