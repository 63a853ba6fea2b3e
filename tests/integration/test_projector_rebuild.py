"""The views rebuilt beside those that answer: what shows meanwhile, when they switch, and what stops it."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from msgspec import structs

from events.block import Block, head_of
from events.facts import SegmentStarted
from projector.answering import Answers
from projector.live import LiveProjection
from projector.progress import Rebuild
from projector.projection import Projection, snapshot_of
from projector.rebuilding import TAIL_REPLACED
from projector.system import NotYet, Past
from store.memory.log import MemoryEventLog
from store.memory.snapshots import MemorySnapshotStore
from tests.support.histories import long_history
from tests.support.logs import STREAM, fill, sealed
from tests.support.wait import wait_until_async

HISTORY = long_history(9, 1500)
HALF = 300
BLOCK_EVENTS = 60
TIMEOUT_S = 60.0
POLL_S = 0.005
NOW = 1_700_000_000_000_000_000


class GatedLog(MemoryEventLog):
    """A log whose first block is read beyond only while `gate` is open; its last block can be replaced."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()

    async def blocks(self, *, start: int, stop: int | None = None) -> AsyncIterator[Block]:
        async for block in super().blocks(start=start, stop=stop):
            yield block
            if start == 0:
                await self.gate.wait()

    def replace(self, block: Block) -> None:
        """Put *block* in the place of the last one."""
        self._blocks[block.number] = block
        self._bodies[block.number] = b""


@pytest.fixture
async def log() -> GatedLog:
    """A log that holds the first part of the history."""
    log = GatedLog()
    await fill(log, HISTORY[:HALF], sizes=(BLOCK_EVENTS,))
    return log


def newest(live: LiveProjection) -> Rebuild:
    """Return the rebuild that every view tells of."""
    told = {state.rebuild for state in live.projections()}
    assert len(told) == 1
    (rebuild,) = told
    assert rebuild is not None
    return rebuild


async def until_over(live: LiveProjection) -> Rebuild:
    """Return the rebuild once it is over."""

    async def is_over() -> bool:
        return newest(live).state != "running"

    await wait_until_async(is_over, timeout_s=TIMEOUT_S)
    return newest(live)


async def wrong_snapshots(log: MemoryEventLog) -> MemorySnapshotStore:
    """Return snapshots with a state at the head of *log* that no fold of it gives."""
    snapshots, wrong, head = MemorySnapshotStore(), Projection(STREAM), await log.head()
    assert head is not None
    wrong.fold.fold(HISTORY[: HALF // 2])
    wrong.linker.take_changed()
    wrong.fold.position = HALF
    await snapshots.save(snapshot_of(wrong, block=head.number + 1, log_digest=head.digest))
    return snapshots


def truth(events: int) -> Answers:
    """Return the answers after the first *events* of the history."""
    direct = Projection(STREAM)
    direct.fold.fold(HISTORY[:events])
    return Answers(direct)


async def test_what_answers_becomes_what_was_folded_again(log: GatedLog) -> None:
    """Views that stood on a wrong state are right after a rebuild, and follow the log from there; it stays as it ended."""
    async with LiveProjection(log, await wrong_snapshots(log), STREAM, poll_s=POLL_S) as live:
        assert live.topology() != truth(HALF).topology()
        assert all(state.rebuild is None for state in live.projections())
        assert live.rebuild(started_at=NOW)
        done = await until_over(live)

        assert (done.state, done.position, done.error) == ("done", HALF, None)
        assert (done.target, done.started_at) == (HALF, NOW)
        assert live.topology() == truth(HALF).topology()
        await fill(log, HISTORY[HALF:], sizes=(70,))
        await asyncio.wait_for(live.until(len(HISTORY)), TIMEOUT_S)
        assert live.topology() == truth(len(HISTORY)).topology()
        assert live.capture() == truth(len(HISTORY)).capture()
        assert newest(live) == done


async def test_meanwhile_the_views_answer_and_follow(log: GatedLog) -> None:
    """While the log is folded again the views go on with what is appended, and what is appended is in both."""
    async with LiveProjection(log, None, STREAM, poll_s=POLL_S) as live:
        await asyncio.wait_for(live.until(HALF), TIMEOUT_S)
        log.gate.clear()
        assert live.rebuild(started_at=NOW)
        assert not live.rebuild(started_at=NOW)
        await fill(log, HISTORY[HALF:], sizes=(70,))
        await asyncio.wait_for(live.until(len(HISTORY)), TIMEOUT_S)
        assert live.topology() == truth(len(HISTORY)).topology()
        under_way = newest(live)
        log.gate.set()
        done = await until_over(live)

        assert (under_way.state, under_way.position) == ("running", BLOCK_EVENTS)
        assert (done.state, done.position) == ("done", len(HISTORY))
        assert live.topology() == truth(len(HISTORY)).topology()
        assert live.rebuild(started_at=NOW + 1)


async def test_it_takes_over_while_events_keep_coming(log: GatedLog) -> None:
    """A rebuild ends although the log grows all the while, and no event is folded twice or left out."""
    async with LiveProjection(log, None, STREAM, poll_s=POLL_S) as live:
        live.rebuild(started_at=NOW)
        for start in range(HALF, len(HISTORY), 20):
            await fill(log, HISTORY[start : start + 20], sizes=(20,))
            await asyncio.sleep(0)
        done = await until_over(live)
        await asyncio.wait_for(live.until(len(HISTORY)), TIMEOUT_S)

        assert done.state == "done"
        assert live.topology() == truth(len(HISTORY)).topology()
        assert live.capture() == truth(len(HISTORY)).capture()


async def test_damage_stops_the_rebuild_and_not_the_views(log: GatedLog) -> None:
    """A block that is missing fails the rebuild with its reason; the views stay as they were and follow."""
    async with LiveProjection(log, None, STREAM, poll_s=POLL_S) as live:
        await asyncio.wait_for(live.until(HALF), TIMEOUT_S)
        del log._blocks[2]
        live.rebuild(started_at=NOW)
        failed = await until_over(live)
        await fill(log, HISTORY[HALF:], sizes=(70,))
        await asyncio.wait_for(live.until(len(HISTORY)), TIMEOUT_S)

        assert failed.state == "failed"
        assert failed.error
        assert live.failed is None
        assert live.topology() == truth(len(HISTORY)).topology()


async def test_a_replaced_tail_stops_the_rebuild() -> None:
    """When the newest block turns out to be another one, a rebuild under way fails and says so."""
    first, second, *_ = sealed(HISTORY, sizes=(80,))
    log = GatedLog()
    await log.append(first)
    await log.append(second)
    async with LiveProjection(log, None, STREAM, poll_s=POLL_S) as live:
        await asyncio.wait_for(live.until(160), TIMEOUT_S)
        log.gate.clear()
        live.rebuild(started_at=time.time_ns())
        await asyncio.sleep(0)
        others = list(sealed(HISTORY[80:200], sizes=(40,), after=head_of(first), epoch=2))
        log.replace(others[0])
        await log.append(others[1])
        await log.append(others[2])
        failed = await until_over(live)
        log.gate.set()
        await asyncio.wait_for(live.until(200), TIMEOUT_S)

        assert (failed.state, failed.error) == ("failed", TAIL_REPLACED)
        assert live.topology() == truth(200).topology()


async def test_a_replaced_tail_has_another_past() -> None:
    """What was worked out of blocks that turn out to be others is worked out again, of what the log holds now."""
    first, second, *_ = sealed(HISTORY, sizes=(80,))
    other = [structs.replace(each, fact=SegmentStarted(0, "b")) for each in HISTORY[80:200]]
    then = HISTORY[150].observed_at
    log = GatedLog()
    await log.append(first)
    await log.append(second)
    async with LiveProjection(log, None, STREAM, poll_s=POLL_S) as live:
        await asyncio.wait_for(live.until(160), TIMEOUT_S)
        before = await worked_out(live, then)
        replaced = list(sealed(other, sizes=(40,), after=head_of(first), epoch=2))
        log.replace(replaced[0])
        await log.append(replaced[1])
        await log.append(replaced[2])
        await asyncio.wait_for(live.until(200), TIMEOUT_S)
        after = await worked_out(live, then)

    assert before.position == after.position
    assert before.topology == truth(before.position).topology()
    assert after.topology == truth(80).topology()


async def worked_out(live: LiveProjection, observed_at: int) -> Past:
    """Return the past once it is worked out."""
    async with asyncio.timeout(TIMEOUT_S):
        while isinstance(found := await live.past(observed_at), NotYet):
            pass
    return found


async def test_digests_are_of_one_position(log: GatedLog) -> None:
    """While they are worked out nothing is folded, so that they are those of a fold that ended there."""
    async with LiveProjection(log, None, STREAM, poll_s=POLL_S) as live:
        await asyncio.wait_for(live.until(HALF), TIMEOUT_S)
        asked = asyncio.create_task(live.digests())
        await asyncio.sleep(0)
        await fill(log, HISTORY[HALF:], sizes=(70,))
        told = await asked
        await asyncio.wait_for(live.until(len(HISTORY)), TIMEOUT_S)

    direct = Projection(STREAM)
    direct.fold.fold(HISTORY[:HALF])
    assert told == {name: each.hex() for name, each in direct.fold.save().digests().items()}
