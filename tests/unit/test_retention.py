"""What the log keeps and drops, and when a segment ends."""

import pytest

from events.block import head_of
from store.memory.log import MemoryEventLog
from store.ports import Segment
from store.retention import DAY_S, Drop, RetentionLimits, apply, plan
from store.segments import SegmentLimits, next_segment
from tests.contract.blocks import SECOND, chain

NOW = 100 * DAY_S * SECOND


def segment(
    number: int,
    *,
    age_days: float = 0,
    envelopes: int = 10,
    bodies: int = 10,
    has_bodies: bool = True,
) -> Segment:
    """Return a segment whose last event is *age_days* old."""
    last = NOW - int(age_days * DAY_S * SECOND)
    return Segment(
        number=number,
        first_block=number * 10,
        last_block=number * 10 + 9,
        envelope_bytes=envelopes,
        body_bytes=bodies if has_bodies else 0,
        first_observed_at=last - SECOND,
        last_observed_at=last,
        has_bodies=has_bodies,
    )


def drop(number: int, why: str, *, bodies_only: bool = False) -> Drop:
    return Drop(segment=number, bodies_only=bodies_only, why=why)


def test_by_default_fourteen_days_are_kept() -> None:
    """Segments whose last event is older than 14 days go, oldest first, and none younger."""
    segments = [
        segment(0, age_days=20),
        segment(1, age_days=14.1),
        segment(2, age_days=13.9),
        segment(3),
    ]

    assert plan(segments, RetentionLimits(), now_ns=NOW) == [drop(0, "age"), drop(1, "age")]


def test_by_default_ten_gigabytes_are_kept() -> None:
    """The oldest segments go until what is left is not above 10 GB, envelopes and bodies together."""
    segments = [segment(number, envelopes=2 * 10**9, bodies=10**9) for number in range(5)]

    assert plan(segments, RetentionLimits(), now_ns=NOW) == [drop(0, "size"), drop(1, "size")]


def test_the_segment_being_written_stays() -> None:
    """However old and large it is, the last segment is never dropped."""
    segments = [segment(0, age_days=90, envelopes=10**12)]

    assert plan(segments, RetentionLimits(), now_ns=NOW) == []


def test_bodies_go_before_their_envelopes() -> None:
    """A stricter limit on bodies drops them alone, once, and never twice those already dropped."""
    limits = RetentionLimits(body_age_s_max=7 * DAY_S)
    segments = [
        segment(0, age_days=20),
        segment(1, age_days=10, has_bodies=False),
        segment(2, age_days=8),
        segment(3, age_days=1),
        segment(4),
    ]

    assert plan(segments, limits, now_ns=NOW) == [
        drop(0, "age"),
        drop(2, "age", bodies_only=True),
    ]


def test_without_limits_all_is_kept() -> None:
    """None means no limit."""
    limits = RetentionLimits(age_s_max=None, bytes_max=None)

    assert plan([segment(0, age_days=99), segment(1)], limits, now_ns=NOW) == []


async def test_a_plan_is_carried_out() -> None:
    """After the plan is applied the log has what the plan left."""
    log = MemoryEventLog()
    for block in chain(9, blocks_per_segment=3):
        await log.append(block)

    await apply(log, plan(await log.segments(), RetentionLimits(bytes_max=1), now_ns=NOW))

    assert [held.number for held in await log.segments()] == [2]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (SegmentLimits(), 0),
        (SegmentLimits(blocks_max=4), 0),
        (SegmentLimits(blocks_max=3), 1),
        (SegmentLimits(bytes_max=1), 1),
        (SegmentLimits(age_s_max=5), 1),
        (SegmentLimits(age_s_max=6), 0),
    ],
)
async def test_a_segment_ends_at_its_first_limit(limits: SegmentLimits, expected: int) -> None:
    """Blocks, bytes and age each end a segment when reached."""
    log, blocks = MemoryEventLog(), list(chain(3))
    for block in blocks:
        await log.append(block)

    (newest,) = await log.segments()

    assert next_segment(head_of(blocks[-1]), newest, limits) == expected


def test_an_empty_log_begins_with_segment_0() -> None:
    """The first block belongs to segment 0."""
    assert next_segment(None, None, SegmentLimits()) == 0
