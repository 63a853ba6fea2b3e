"""Replay of a log: from zero, from snapshots, up to a position, and what stops it."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.facts import Envelope
from events.upcast import FactUnknown
from projector.live import views_at
from projector.projection import Projection, snapshot_of
from projector.proof import prove
from projector.replay import Place, replay, resume
from store.errors import LogDamaged
from store.memory.log import MemoryEventLog
from store.memory.snapshots import MemorySnapshotStore
from tests.support.histories import histories, long_history
from tests.support.logs import STREAM, fill, from_the_future, sealed

EVENTS = 700


@pytest.fixture
async def log() -> MemoryEventLog:
    """A log of a history in blocks of two sizes."""
    log = MemoryEventLog()
    await fill(log, history(), sizes=(40, 7))
    return log


def history() -> list[Envelope]:
    return long_history(5, 2 * EVENTS)[:EVENTS]


async def snapshots_at(log: MemoryEventLog, *blocks: int) -> MemorySnapshotStore:
    """Return snapshots as a projector would have saved them before each of *blocks*."""
    snapshots, projection, place = MemorySnapshotStore(), Projection(STREAM), Place()
    for block in blocks:
        place = await replay(log, projection, place, stop_block=block)
        assert place.digest is not None
        await snapshots.save(snapshot_of(projection, block=block, log_digest=place.digest))
    return snapshots


async def test_the_log_gives_what_its_events_give(log: MemoryEventLog) -> None:
    """Replay from zero gives the state of folding the events themselves."""
    projection, direct = Projection(STREAM), Projection(STREAM)
    place = await replay(log, projection)
    direct.fold.fold(history())
    head = await log.head()

    assert head is not None
    assert place == Place(head.number + 1, head.digest)
    assert projection.fold.save() == direct.fold.save()


async def test_a_snapshot_saves_the_way_and_changes_nothing(log: MemoryEventLog) -> None:
    """From the newest snapshot fewer events are folded and the state is the same."""
    snapshots = await snapshots_at(log, 4, 11)
    resumed, place = await resume(log, snapshots, STREAM)
    assert place.block == 11
    await replay(log, resumed, place)
    fresh = Projection(STREAM)
    await replay(log, fresh)

    assert resumed.fold.save() == fresh.fold.save()


async def test_a_snapshot_of_another_chain_is_not_used(log: MemoryEventLog) -> None:
    """A snapshot fits only the very blocks it was taken of."""
    other = MemoryEventLog()
    await fill(other, history(), sizes=(39, 8))
    snapshots = await snapshots_at(other, 4)
    _, place = await resume(log, snapshots, STREAM)

    assert place == Place()


async def test_a_stop_within_a_block_is_exact(log: MemoryEventLog) -> None:
    """Up to a position, all before it is folded and nothing else."""
    projection, direct = Projection(STREAM), Projection(STREAM)
    await replay(log, projection, stop_position=123)
    direct.fold.fold(history()[:123])

    assert projection.position == 123
    assert projection.fold.save() == direct.fold.save()


async def test_progress_is_told(log: MemoryEventLog) -> None:
    """Progress counts up to the number of events there are."""
    told: list[tuple[int, int]] = []
    await replay(log, Projection(STREAM), progress=lambda done, total: told.append((done, total)))

    assert told == sorted(told)
    assert told[-1] == (EVENTS, EVENTS)


async def test_an_event_of_a_newer_hoptrail_stops_the_replay_there(log: MemoryEventLog) -> None:
    """Everything before an unknown event is folded, and the error says who wrote it."""
    head = await log.head()
    assert head is not None
    await log.append(from_the_future(head))
    projection = Projection(STREAM)

    with pytest.raises(FactUnknown, match="written by a newer hoptrail"):
        await replay(log, projection)
    assert projection.position == EVENTS


async def test_a_place_the_log_does_not_continue_is_damage(log: MemoryEventLog) -> None:
    """A block that does not follow what was folded is refused."""
    with pytest.raises(LogDamaged, match="does not follow"):
        await replay(log, Projection(STREAM), Place(3, bytes(32)))


async def test_the_proof_holds(log: MemoryEventLog) -> None:
    """From zero, as saved on the way and from the newest snapshot every part has one digest."""
    proof = await prove(log, await snapshots_at(log, 2, 9, 13), STREAM)

    assert proof.holds
    assert [(c.kind, c.block, c.differing, c.skipped) for c in proof.comparisons] == [
        ("saved", 2, (), None),
        ("saved", 9, (), None),
        ("saved", 13, (), None),
        ("resumed", 13, (), None),
    ]
    assert proof.position == EVENTS


async def test_the_proof_finds_a_state_that_is_not_the_logs(log: MemoryEventLog) -> None:
    """A snapshot of other events under this log's digest is told, part by part."""
    first, second = list(sealed(history(), sizes=(40,)))[:2]
    projection = Projection(STREAM)
    projection.fold.fold(long_history(6, 300)[:40])
    snapshots = MemorySnapshotStore()
    own = MemoryEventLog()
    await own.append(first)
    await own.append(second)
    await snapshots.save(snapshot_of(projection, block=1, log_digest=first.digest))
    proof = await prove(own, snapshots, STREAM)

    assert not proof.holds
    assert {"linker", "topology"} <= set(proof.comparisons[0].differing)


async def test_the_past_is_answered_from_the_snapshot_before_it(log: MemoryEventLog) -> None:
    """Answers at a past position are those of a fold that ended there, however they were reached."""
    snapshots = await snapshots_at(log, 4, 11)
    direct = Projection(STREAM)
    direct.fold.fold(history()[:333])
    there = await views_at(log, snapshots, STREAM, position=333)
    without = await views_at(log, None, STREAM, position=333)

    assert there.position == without.position == 333
    assert msgspec.json.encode(there.topology()) == msgspec.json.encode(without.topology())
    assert there.capture() == without.capture()
    assert there.capture().published == direct.capture.state.published


async def test_a_past_time_ends_with_its_last_event(log: MemoryEventLog) -> None:
    """Answers at a time hold what was observed up to then, and nothing later."""
    envelopes = history()
    answers = await views_at(log, None, STREAM, observed_at=envelopes[200].observed_at)

    assert answers.position == 201
    assert answers.observed_at == envelopes[200].observed_at


async def test_before_the_beginning_there_is_nothing(log: MemoryEventLog) -> None:
    """A time before the log gives empty answers."""
    answers = await views_at(log, None, STREAM, observed_at=1)

    assert answers.position == 0
    assert not answers.services()


@settings(max_examples=25, deadline=None)
@given(histories(), st.data())
async def test_two_random_snapshots_and_zero_agree(
    envelopes: list[Envelope], data: st.DataObject
) -> None:
    """Digest for digest, the head is the same from zero and from snapshots at any two blocks."""
    log = MemoryEventLog()
    await fill(log, envelopes, sizes=(data.draw(st.integers(1, 30)), 3))
    head = await log.head()
    assert head is not None
    cuts = sorted({data.draw(st.integers(1, head.number + 1)) for _ in range(2)})
    proof = await prove(log, await snapshots_at(log, *cuts), STREAM)

    assert proof.holds
    assert len(proof.comparisons) == len(cuts) + 1
