"""The views of the serving process, following a log that grows."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from events.block import Block, head_of
from projector.answering import Answers
from projector.answers import LiveViews, StreamBehind
from projector.live import LiveProjection
from projector.projection import Projection, snapshot_of
from projector.replay import replay
from store.documents import MessageDocument
from store.errors import LogDamaged
from store.memory.log import MemoryEventLog
from store.memory.snapshots import MemorySnapshotStore
from tests.support.histories import long_history
from tests.support.logs import STREAM, fill, from_the_future, sealed

HISTORY = long_history(9, 1500)
HALF = 300
TIMEOUT_S = 60.0
POLL_S = 0.005


@pytest.fixture
async def log() -> MemoryEventLog:
    """A log that holds the first half of the history."""
    log = MemoryEventLog()
    await fill(log, HISTORY[:HALF], sizes=(60,))
    return log


async def read(changes: AsyncIterator[MessageDocument], count: int) -> list[MessageDocument]:
    """Return the next *count* documents."""
    async with asyncio.timeout(TIMEOUT_S):
        return [await anext(changes) for _ in range(count)]


async def test_it_catches_up_and_follows(log: MemoryEventLog) -> None:
    """What the log held and what is appended later is folded, to the state of folding the events."""
    async with LiveProjection(log, None, STREAM, poll_s=POLL_S) as live:
        await asyncio.wait_for(live.until(HALF), TIMEOUT_S)
        await fill(log, HISTORY[HALF:], sizes=(70,))
        await asyncio.wait_for(live.until(len(HISTORY)), TIMEOUT_S)
        direct = Projection(STREAM)
        direct.fold.fold(HISTORY)
        told = Answers(direct)

        assert (live.position, live.caught_up, live.lag_s) == (len(HISTORY), True, 0.0)
        assert live.capture() == told.capture()
        assert live.topology() == told.topology()


async def test_it_starts_from_the_newest_snapshot(log: MemoryEventLog) -> None:
    """A start folds only what came after the snapshot."""
    snapshots, projection = MemorySnapshotStore(), Projection(STREAM)
    place = await replay(log, projection)
    assert place.digest is not None
    await snapshots.save(snapshot_of(projection, block=place.block, log_digest=place.digest))
    async with LiveProjection(log, snapshots, STREAM, poll_s=POLL_S) as live:
        assert live.position == HALF


async def test_changes_come_as_they_happen(log: MemoryEventLog) -> None:
    """A reader of the live tail is given each message that an appended event changed."""
    async with LiveProjection(log, None, STREAM, poll_s=POLL_S) as live:
        await asyncio.wait_for(live.until(HALF), TIMEOUT_S)
        changes = live.changes(after=HALF - 1)
        await fill(log, HISTORY[HALF:], sizes=(100,))
        await asyncio.wait_for(live.until(len(HISTORY)), TIMEOUT_S)
        direct = Projection(STREAM)
        direct.fold.fold(HISTORY[:HALF])
        direct.linker.take_changed()
        direct.fold.fold(HISTORY[HALF:])
        changed = {message.position for message in direct.linker.take_changed()}
        told: set[int] = set()
        async with asyncio.timeout(TIMEOUT_S):
            while not changed <= told:
                told.add((await anext(changes)).position)

        assert told == changed


async def test_a_reader_waits_for_the_next_change(log: MemoryEventLog) -> None:
    """A reader at the head gets nothing until an event changes a message."""
    async with LiveProjection(log, None, STREAM, poll_s=POLL_S) as live:
        await asyncio.wait_for(live.until(HALF), TIMEOUT_S)
        reading = asyncio.ensure_future(read(live.changes(after=HALF - 1), 1))
        await fill(log, HISTORY[HALF : HALF + 100])
        documents = await reading

        assert documents[0].version > 0


async def test_a_reader_too_far_behind_is_told(log: MemoryEventLog) -> None:
    """Changes that fell out of the buffer are reported, not passed over."""
    async with LiveProjection(log, None, STREAM, poll_s=POLL_S, tail_max=20) as live:
        await asyncio.wait_for(live.until(HALF), TIMEOUT_S)
        await fill(log, HISTORY[HALF:])
        await asyncio.wait_for(live.until(len(HISTORY)), TIMEOUT_S)

        with pytest.raises(StreamBehind):
            await read(live.changes(after=HALF), 1)


async def test_a_message_in_memory_is_found_by_its_uid(log: MemoryEventLog) -> None:
    """A uid of this stream gives the message; another does not."""
    async with LiveProjection(log, None, STREAM, poll_s=POLL_S) as live:
        await asyncio.wait_for(live.until(HALF), TIMEOUT_S)
        views: LiveViews = live
        uid = live.conversations()[0].root
        found = views.message(uid)

        assert found is not None
        assert found.uid == uid
        assert views.message("other-1") is None
        assert views.message(f"{STREAM}-999999") is None


async def test_an_event_of_a_newer_hoptrail_stops_it_loudly(log: MemoryEventLog) -> None:
    """The answers stay where they were, and who waits is told why."""
    head = await log.head()
    assert head is not None
    await log.append(from_the_future(head))
    async with LiveProjection(log, None, STREAM, poll_s=POLL_S) as live:
        with pytest.raises(Exception, match="newer hoptrail"):
            await asyncio.wait_for(live.until(HALF + 1), TIMEOUT_S)

        assert live.position == HALF
        assert live.failed is not None


async def test_a_replaced_tail_is_folded_again() -> None:
    """When the last block turns out to be another one, the views become those of the log as it is now."""
    first, second, *_ = sealed(HISTORY, sizes=(80,))
    log = ReplacedTail()
    await log.append(first)
    await log.append(second)
    async with LiveProjection(log, None, STREAM, poll_s=POLL_S) as live:
        await asyncio.wait_for(live.until(160), TIMEOUT_S)
        others = list(sealed(HISTORY[80:200], sizes=(40,), after=head_of(first), epoch=2))
        log.replace(others[0])
        await log.append(others[1])
        await log.append(others[2])
        await asyncio.wait_for(live.until(200), TIMEOUT_S)
        direct = Projection(STREAM)
        direct.fold.fold(HISTORY[:200])

        assert live.capture().published == direct.capture.state.published


class ReplacedTail(MemoryEventLog):
    """A log whose last block can be lost and written again, as a store that fails over may do."""

    def replace(self, block: Block) -> None:
        """Put *block* in the place of the last one."""
        self._blocks[block.number] = block
        self._bodies[block.number] = b""


async def test_damage_in_the_middle_is_no_replaced_tail(log: MemoryEventLog) -> None:
    """A missing block below the head stops the following as damage."""
    del log._blocks[2]
    async with LiveProjection(log, None, STREAM, poll_s=POLL_S) as live:
        with pytest.raises(LogDamaged):
            await asyncio.wait_for(live.until(HALF), TIMEOUT_S)
