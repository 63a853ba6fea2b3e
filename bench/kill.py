"""Kill -9 of the collector at random instants under full load: is every event in the log once?

``python -m bench kill [kills=200] [seconds=600] [limit_s=1800] [seed=…]``. Two vhosts, in each a publisher as fast as
confirms come and two consumers; half of the messages are byte-identical without ids. Publishers pause while a tap holds
more than :data:`HELD_AT` events, so that none overflows. The instants are drawn evenly over the time. One that finds the
collector still starting hits it there one time in :data:`STARTING_EVERY`; else it waits until events are captured, and a
random moment more: so a slow machine takes longer, and does not only kill what has done nothing yet. After *limit_s*
seconds no more kills are made. At the end the log is compared with what the broker confirmed and the consumers got, as
counts of bodies.

Exit codes: 0 all is there once; 1 something was lost or doubled; 3 it was not, but the collector told of an overlap that
identical events made ambiguous.
"""

import asyncio
import math
import random
import subprocess
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from pamqp import commands

from bench.jobs import Result
from bench.raw import RawConnection
from events.block import open_block
from events.facts import BodyRef, Fact, GapOpened, MessageDelivered, MessagePublished
from store.sqlite.log import SqliteEventLog
from tests.support.brokers import open_test_broker
from tests.support.captured import differences
from tests.support.collecting import TAP, Collector, System, system_of
from tests.support.load import QUEUES, Key, Load
from tests.support.wait import wait_until

VHOSTS: Final = ("kill.one", "kill.two")
HELD_AT: Final = 100_000
"""Publishers pause while a tap holds more than so many events, a tenth of what it may hold."""

BEHIND_MAX: Final = 20_000
"""They also pause while the services' own consumers are so many deliveries behind."""

STARTING_EVERY: Final = 4
CAPTURING_S_MAX: Final = 1.0
WATCH_S: Final = 0.2
END_S_MAX: Final = 30
CAPTURE_S_MAX: Final = 120
DRAIN_S_MAX: Final = 600
LOST_OR_DOUBLED, AMBIGUOUS = 1, 3


@dataclass(slots=True)
class Seen:
    """What a log holds: publishes by (vhost, "", body), deliveries by (vhost, queue, body), other facts by type."""

    published: Counter[Key] = field(default_factory=Counter[Key])
    delivered: Counter[Key] = field(default_factory=Counter[Key])
    kinds: Counter[str] = field(default_factory=Counter[str])
    gaps: Counter[str] = field(default_factory=Counter[str])


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill, *at_s* seconds from the start; *capturing_s* after the collector captures, None: whatever it is doing."""

    at_s: float
    capturing_s: float | None


def drawn(kills: int, seconds: float, seed: int) -> list[Kill]:
    """Return the kills in order; the same ones for the same seed."""
    chance = random.Random(seed)
    return [
        Kill(
            at_s,
            None if chance.randrange(STARTING_EVERY) == 0 else chance.uniform(0, CAPTURING_S_MAX),
        )
        for at_s in sorted(chance.uniform(0, seconds) for _ in range(kills))
    ]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done: *kills*, over *seconds*, none of them after *limit_s*, with chance from *seed*."""

    kills: list[Kill]
    seconds: float
    limit_s: float
    seed: int


class Pace:
    """Watches taps and consumers on a thread of its own, and lets the publishers pause; a context manager."""

    def __init__(self, system: System, load: Load) -> None:
        self._urls = list(system.urls.values())
        self._load = load
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.depth_max = 0
        self.held_s = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(END_S_MAX)
        self._load.flowing.set()

    def _watch(self) -> None:
        with ExitStack() as stack:
            connections = [
                stack.enter_context(RawConnection(url, name="bench watches the taps"))
                for url in self._urls
            ]
            while not self._stopping.wait(WATCH_S):
                depth = max(map(_depth, connections))
                behind = len(self._load.sent) * len(QUEUES) - len(self._load.received)
                self.depth_max = max(self.depth_max, depth)
                if depth > HELD_AT or behind > BEHIND_MAX:
                    self._load.flowing.clear()
                    self.held_s += WATCH_S
                else:
                    self._load.flowing.set()


def _depth(connection: RawConnection) -> int:
    asked = commands.Queue.Declare(queue=TAP, passive=True)
    return connection.call(asked, commands.Queue.DeclareOk).message_count


def kill(kills: str = "200", seconds: str = "600", limit_s: str = "1800", seed: str = "") -> Result:
    """Kill, restart, compare; the seed decides the instants and which messages are identical."""
    chosen = int(seed or time.time_ns() % 2**32)
    print(f"seed={chosen}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with (
            closing(open_test_broker(directory / "broker")) as broker,
            system_of(broker, *VHOSTS) as system,
        ):
            plan = Plan(
                drawn(int(kills), float(seconds), chosen), float(seconds), float(limit_s), chosen
            )
            load, figures = _run(system, directory / "store", plan)
        return _compared(load, directory / "store", {"seed": chosen, **figures})


def _run(system: System, store: Path, plan: Plan) -> tuple[Load, dict[str, object]]:
    """Return the record of the load, and what was seen beside it."""
    with (
        system.collector(store).leading() as collector,
        Load(system.urls, rate=math.inf, seed=plan.seed) as load,
    ):
        target = Target(collector)
        began = time.monotonic()
        with Pace(system, load) as pace:
            for each in plan.kills:
                if time.monotonic() < began + plan.limit_s:
                    target.kill(each, began)
            target.keep_running(began + plan.seconds)
        lasted, sent = time.monotonic() - began, len(load.sent)
        load.finish()
        drained = time.monotonic()
        wait_until(lambda: _all_read(system, target), timeout_s=DRAIN_S_MAX)
        collector.drain_and_stop(events=load.events())
        figures: dict[str, object] = {
            "kills_wanted": len(plan.kills),
            "kills": target.kills,
            "kills_while_capturing": target.killed_capturing,
            "seconds": round(lasted, 1),
            "messages_per_s": round(sent / lasted),
            "tap_depth_max": pace.depth_max,
            "publishers_paused_s": round(pace.held_s, 1),
            "drained_after_s": round(time.monotonic() - drained, 1),
            "ended_by_itself": target.ended,
        }
    return load, figures


class Target:
    """The collector that is killed and started again; one that ends by itself is noted, and started again too."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.ended: list[int] = []
        self.kills = 0
        self.killed_capturing = 0
        self._started_before = 0

    def kill(self, one: Kill, began: float) -> None:
        """Kill it as *one* says, and start the next."""
        self.keep_running(began + one.at_s)
        if one.capturing_s is not None:
            deadline = time.monotonic() + CAPTURE_S_MAX
            while not self.is_capturing():
                assert time.monotonic() < deadline, self.collector.stderr[-3000:]
                self.keep_running(time.monotonic() + WATCH_S)
            self.keep_running(time.monotonic() + one.capturing_s)
        self.kills += 1
        self.killed_capturing += self.is_capturing()
        self._started_before = self._started()
        self.collector.kill()
        self.collector.start()

    def keep_running(self, until: float) -> None:
        """Return when the monotonic clock says *until*."""
        while (left := until - time.monotonic()) > 0:
            try:
                self.ended.append(self.collector.wait_ended(timeout_s=min(left, WATCH_S)))
            except subprocess.TimeoutExpired:
                continue
            self.collector.start()

    def is_capturing(self) -> bool:
        """Say whether the process that runs now has begun to capture, as the log tells."""
        return self._started() > self._started_before

    def _started(self) -> int:
        return self.collector.meter.counts()["CaptureStarted"]


def _all_read(system: System, target: Target) -> bool:
    target.keep_running(time.monotonic() + WATCH_S)
    return target.collector.is_consuming() and all(_ready(url) == 0 for url in system.urls.values())


def _ready(url: str) -> int:
    with RawConnection(url, name="bench asks for the depth") as connection:
        return _depth(connection)


def _compared(load: Load, store: Path, figures: dict[str, object]) -> Result:
    """Return the comparison of the log in *store* with the record."""
    published = Counter(
        (one.vhost, "", one.body) for one in load.sent if one.confirmed_at is not None
    )
    delivered = load.delivered()
    seen = asyncio.run(read(store))
    figures |= {
        "leaderships": seen.kinds["CaptureStarted"],
        "ambiguous_overlaps": seen.kinds["OverlapAmbiguous"],
        "gaps": dict(seen.gaps),
        "undecodable": seen.kinds["Undecodable"],
    }
    for name, expected, found in (
        ("publishes", published, seen.published),
        ("deliveries", delivered, seen.delivered),
    ):
        figures[name] = expected.total()
        figures[f"{name}_lost"] = (expected - found).total()
        figures[f"{name}_doubled"] = (found - expected).total()
        if told := differences(expected, found):
            figures[f"{name}_differ"] = told
    if published != seen.published or delivered != seen.delivered:
        return Result(figures=figures, code=LOST_OR_DOUBLED)
    return Result(figures=figures, code=AMBIGUOUS if seen.kinds["OverlapAmbiguous"] else 0)


async def read(store: Path) -> Seen:
    """Return what the log in *store* holds, block by block; opening each checks its digest and the chain."""
    seen, kept = Seen(), dict[tuple[int, int], bytes]()
    async with SqliteEventLog(store, read_only=True) as log:
        previous: bytes | None = None
        async for block in log.blocks(start=0):
            for index, body in enumerate(await log.bodies(block.number) or ()):
                kept[block.number, index] = body
            for envelope in open_block(block, expect=previous):
                _count(seen, envelope.fact, kept)
            previous = block.digest
    return seen


def _count(seen: Seen, fact: Fact, kept: dict[tuple[int, int], bytes]) -> None:
    def body(ref: BodyRef | None) -> bytes:
        return kept[ref.block, ref.index] if ref else b""

    seen.kinds[type(fact).__name__] += 1
    match fact:
        case MessagePublished():
            seen.published[str(fact.vhost), "", body(fact.body)] += 1
        case MessageDelivered():
            seen.delivered[str(fact.vhost), str(fact.queue), body(fact.body)] += 1
        case GapOpened():
            seen.gaps[fact.why] += 1
        case _:
            pass
