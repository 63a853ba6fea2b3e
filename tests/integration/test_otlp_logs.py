"""The export of logs that do not stand still: shortened, replaced at the end, written by a newer hoptrail, empty."""

import asyncio
import time
from collections import Counter
from types import TracebackType
from typing import Self

import pytest

from events.block import Block, head_of, seal, start_of_log
from events.facts import Envelope
from events.identity import key_id
from events.upcast import FactUnknown
from projector.exporting.beginning import begin
from projector.exporting.exporter import Exporter
from projector.exporting.receiver import Answer, NotNow
from projector.exporting.sender import Sender
from store.errors import Fenced
from store.memory.log import MemoryEventLog
from tests.support.exporting import EXPECTED, PACE, Store, receiver_of, running, until_sent
from tests.support.histories import KEY
from tests.support.logs import STREAM, fill, from_the_future, sealed
from tests.support.otlp_receiver import receiving
from tests.support.recorded_pipeline import untraced
from tests.support.spans import spans_in
from tests.support.wait import wait_until_async

HALF = 150
EXPORTED_S_MAX = 30.0


class ReplacedTail(MemoryEventLog):
    """A log whose last block can be lost and written again, as a store that fails over may do."""

    def replace(self, block: Block) -> None:
        """Put *block* in the place of the last one."""
        self._blocks[block.number] = block
        self._bodies[block.number] = b""


async def test_what_retention_drops_before_it_is_sent_is_passed_over() -> None:
    """An export that was stopped for too long goes on with the first event that is retained."""
    history = untraced()
    store = Store()
    first = seal(history[:HALF], (), start_of_log(STREAM, key_id(KEY)), epoch=1, segment=0)
    rest = seal(history[HALF:], (), head_of(first), epoch=1, segment=1)
    await store.log.append(first)
    await store.log.append(rest)
    await begin(store.log, store.points, STREAM, since=0)
    await store.log.drop_segment(0)
    with receiving("grpc") as served:
        exporter = await store.export(served)

        assert exporter.point.position == len(history)
        assert served.inbox.ids()
        assert len(set(served.inbox.ids())) == len(served.inbox.ids())


async def test_a_replaced_tail_is_exported_as_it_is_now() -> None:
    """When the last block turns out to be another one, nothing of the new one is left out."""
    history = untraced()
    log = ReplacedTail()
    store = Store(log=log)
    first, second, *_ = sealed(history, sizes=(HALF, 60))
    await log.append(first)
    await log.append(second)
    with receiving("grpc") as served:
        async with receiver_of(served) as receiver:
            exporter = await store.exporter(receiver, since=0)
            async with running(exporter):
                await until_sent(served.inbox, len(spans_in(history[: HALF + 60])))
                others = list(sealed(history[HALF:], sizes=(90,), after=head_of(first), epoch=2))
                log.replace(others[0])
                for block in others[1:]:
                    await log.append(block)
                await until_sent(served.inbox, len(EXPECTED))

        assert set(served.inbox.ids()) == set(EXPECTED)


async def test_an_event_of_a_newer_hoptrail_stops_it_after_what_came_before() -> None:
    """It ends loudly at what it cannot read, and everything before is sent."""
    store = Store()
    await fill(store.log, untraced(), sizes=(50,))
    head = await store.log.head()
    assert head is not None
    await store.log.append(from_the_future(head))
    with receiving("grpc") as served:
        async with receiver_of(served) as receiver:
            exporter = await store.exporter(receiver, since=0)
            with pytest.raises(FactUnknown, match="newer hoptrail"):
                await exporter.run(asyncio.Event())

        assert Counter(served.inbox.ids()) == EXPECTED


async def test_an_export_may_begin_before_the_log_does() -> None:
    """Started on an empty log it sends everything that comes."""
    store = Store()
    with receiving("grpc") as served:
        async with receiver_of(served) as receiver:
            exporter = await store.exporter(receiver)
            async with running(exporter):
                await fill(store.log, untraced(), sizes=(70,))
                await until_sent(served.inbox, len(EXPECTED))

        assert Counter(served.inbox.ids()) == EXPECTED


class Silent:
    """A receiver that never takes anything, and counts."""

    def __init__(self) -> None:
        self.asked = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def send(self, request: bytes) -> Answer:
        self.asked += len(request) > 0
        return NotNow("away", after_s=3600)


async def test_it_stops_at_once_while_the_receiver_is_away() -> None:
    """Asked to stop in the middle of a long pause it ends, and what was not taken counts as not sent."""
    store, silent, stop = Store(), Silent(), asyncio.Event()
    await fill(store.log, untraced(), sizes=(50,))
    point = await begin(store.log, store.points, STREAM, since=0)
    exporter = Exporter(
        store.log, None, store.points, Sender(silent, "1"), point,
        monotonic=time.monotonic, pace=PACE,
    )  # fmt: skip
    running_export = asyncio.create_task(exporter.run(stop))

    async def was_asked() -> bool:
        return silent.asked > 0

    await wait_until_async(was_asked, timeout_s=EXPORTED_S_MAX)
    stop.set()
    await asyncio.wait_for(running_export, EXPORTED_S_MAX)
    with receiving("grpc") as served:
        await store.export(served)

        assert Counter(served.inbox.ids()) == EXPECTED


async def test_a_second_exporter_ends_the_first() -> None:
    """Who finds that another has saved how far the export is sends no more."""
    store = Store()
    await fill(store.log, untraced()[:HALF], sizes=(50,))
    with receiving("grpc") as served:
        async with receiver_of(served) as receiver:
            first = await store.exporter(receiver, since=0)
            await store.export(served)
            with pytest.raises(Fenced):
                await first.run(asyncio.Event(), until_head=True)


def test_the_history_is_long_enough() -> None:
    """Each half of the recorded run has spans of its own."""
    whole: list[Envelope] = list(untraced())

    assert 0 < len(spans_in(whole[:HALF])) < len(EXPECTED)
