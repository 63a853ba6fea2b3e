"""What is gathered until a block is due: places, times, bodies and sizes, whatever is added and whenever."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.decoding.decoder import Draft
from collector.seal import Sealer, SealLimits
from events.block import (
    CLOCK_STEP_NS_MAX,
    Block,
    open_block,
    open_bodies,
    start_of_log,
)
from events.facts import ClockStepped, Envelope, GapOpened, QueueDeleted, Undecodable
from events.identity import body_digest

LAWS = settings(max_examples=80, deadline=None)
KEY = bytes(32)
S = 1_000_000_000
START = 1_000 * S
LIMITS = SealLimits(events_max=10, envelope_bytes_max=2_000, body_bytes_max=200, body_cap=32)

BODIES = st.sampled_from([b"", b"a", b"b" * 31, b"b" * 32, b"b" * 33, b"b" * 40, b"c" * 99])
STEPS = st.sampled_from(
    [0, 1, S, -1, -S, -CLOCK_STEP_NS_MAX, -CLOCK_STEP_NS_MAX - 1, -500 * S, 500 * S]
)
MOVES = st.lists(
    st.tuples(st.none() | BODIES, STEPS, st.sampled_from(["", "", "", "seal", "discard", "segment"])),
    max_size=60,
)  # fmt: skip


def draft_of(number: int, body: bytes | None) -> Draft:
    """Return a fact that shows its *number* and awaits the place of *body*."""
    fact = Undecodable("tap", b"", "/", str(number), "", b"", None)
    return Draft(fact, body, b"" if body is None else body_digest(KEY, body), bulk=256)


def sealer_of(limits: SealLimits = LIMITS) -> Sealer:
    """Return a sealer at the begin of a log."""
    return Sealer(start_of_log("main", "key"), key=KEY, epoch=1, limits=limits)


@dataclass
class Written:
    """A log written by some moves: its blocks, and what was added to them and not discarded."""

    blocks: list[Block] = field(default_factory=list[Block])
    kept: list[tuple[int, bytes | None, int]] = field(
        default_factory=list[tuple[int, bytes | None, int]]
    )

    def envelopes(self) -> list[Envelope]:
        """Return all events, opened with their links checked."""
        found: list[Envelope] = []
        previous = start_of_log("main", "key").digest
        for block in self.blocks:
            found += open_block(block, expect=previous)
            previous = block.digest
        return found


def written(moves: list[tuple[bytes | None, int, str]]) -> Written:
    """Return what a sealer makes of *moves*: a body to add, how far the clock moves before, what is done after."""
    sealer, log, now = sealer_of(), Written(), START
    gathered: list[tuple[int, bytes | None, int]] = []

    def flush() -> None:
        nonlocal gathered
        if len(sealer):
            log.blocks.append(sealer.seal())
            log.kept += gathered
            gathered = []

    for number, (body, step, then) in enumerate(moves):
        now += step
        sealer.add(draft_of(number, body), now_ns=now, lag_ms=number)
        gathered.append((number, body, now))
        if sealer.full or then == "seal":
            flush()
        elif then == "discard":
            sealer.discard()
            gathered = []
        elif then == "segment":
            flush()
            sealer.next_segment()
    flush()
    return log


@LAWS
@given(MOVES)
def test_what_was_added_is_what_is_opened(moves: list[tuple[bytes | None, int, str]]) -> None:
    """All that was added and not discarded comes back in order, at contiguous positions, in a chain of blocks."""
    log = written(moves)
    envelopes = log.envelopes()
    facts = [it.fact for it in envelopes if isinstance(it.fact, Undecodable)]

    assert [fact.routing_key for fact in facts] == [str(number) for number, _, _ in log.kept]
    assert [it.position for it in envelopes] == list(range(len(envelopes)))
    assert [block.number for block in log.blocks] == list(range(len(log.blocks)))


@LAWS
@given(MOVES)
def test_a_block_keeps_its_limits(moves: list[tuple[bytes | None, int, str]]) -> None:
    """No block holds more events than its limit, nor more bytes than its limit and one event."""
    for block in written(moves).blocks:
        header = block.header

        assert header.count <= LIMITS.events_max
        assert header.envelope_bytes < LIMITS.envelope_bytes_max + 256
        assert header.body_bytes < LIMITS.body_bytes_max + LIMITS.body_cap


@LAWS
@given(MOVES)
def test_time_runs_forward_or_says_so(moves: list[tuple[bytes | None, int, str]]) -> None:
    """Time stands still for steps back of up to two seconds; a larger one is told, and time goes on from the true one."""
    log = written(moves)
    clock, times = 0, []
    for envelope in log.envelopes():
        if isinstance(envelope.fact, ClockStepped):
            assert envelope.fact == ClockStepped(clock, envelope.observed_at)
            assert clock - envelope.observed_at > CLOCK_STEP_NS_MAX
        else:
            assert envelope.observed_at >= clock
            times.append(envelope.observed_at)
        clock = envelope.observed_at

    assert all(
        0 <= told - true <= CLOCK_STEP_NS_MAX
        for told, (_, _, true) in zip(times, log.kept, strict=True)
    )


@LAWS
@given(MOVES)
def test_every_body_is_found_where_its_envelope_says(
    moves: list[tuple[bytes | None, int, str]],
) -> None:
    """A body stands, cut to the cap, at the place named, in a block of the same segment that is not a later one."""
    log = written(moves)
    bodies = {
        (block.number, index): body
        for block in log.blocks
        for index, body in enumerate(open_bodies(block.header, block.bodies))
    }
    segments = {block.number: block.header.segment for block in log.blocks}
    for block in log.blocks:
        for envelope in open_block(block):
            if not isinstance(envelope.fact, Undecodable):
                continue
            sent = moves[int(envelope.fact.routing_key)][0]
            ref = envelope.fact.body
            if sent is None or ref is None:
                assert sent is ref
                continue

            assert bodies[ref.block, ref.index] == sent[: LIMITS.body_cap]
            assert (ref.size, ref.truncated) == (len(sent), len(sent) > LIMITS.body_cap)
            assert ref.digest == body_digest(KEY, sent[: LIMITS.body_cap])
            assert ref.block <= block.number
            assert segments[ref.block] == block.header.segment


@LAWS
@given(MOVES)
def test_a_body_is_stored_once_per_segment(moves: list[tuple[bytes | None, int, str]]) -> None:
    """No two bodies of a segment are alike, and none is stored that nothing refers to."""
    log = written(moves)
    stored = [
        (block.header.segment, body)
        for block in log.blocks
        for body in open_bodies(block.header, block.bodies)
    ]
    sent = {body[: LIMITS.body_cap] for _, body, _ in log.kept if body is not None}

    assert len(stored) == len(set(stored))
    assert {body for _, body in stored} == sent


def test_the_lag_of_a_block_is_its_worst() -> None:
    """A block tells the longest that one of its events may have waited."""
    sealer = sealer_of()
    for lag in (3, 70, 5):
        sealer.add(draft_of(0, None), now_ns=START, lag_ms=lag)

    assert sealer.seal().header.lag_ms == 70
    sealer.add_fact(QueueDeleted("/", "q", "event"), now_ns=START)
    assert sealer.seal().header.lag_ms == 0


def test_large_facts_fill_a_block_too() -> None:
    """Facts of the collector's own count with the bytes they really take."""
    sealer = sealer_of()
    sealer.add_fact(GapOpened("g" * 3_000, "/", "", "poison", 0), now_ns=START)

    assert sealer.full


def test_a_block_waits_for_its_linger_and_no_longer() -> None:
    """A block is due after the linger, the short one when the block before was full, at once when it is full itself."""
    sealer = sealer_of()
    assert sealer.due_in_ms(START) is None
    sealer.add(draft_of(0, None), now_ns=START)

    assert sealer.due_in_ms(START + S // 10) == LIMITS.linger_ms - 100
    assert sealer.due_in_ms(START + S) == 0

    while not sealer.full:
        sealer.add(draft_of(0, None), now_ns=START)
    assert sealer.due_in_ms(START) == 0
    sealer.seal()
    sealer.add(draft_of(0, None), now_ns=START)
    assert sealer.due_in_ms(START) == LIMITS.linger_busy_ms


@pytest.mark.parametrize("back", [1, S, 2 * S, 3_600 * S])
def test_a_clock_set_back_holds_no_block_up(back: int) -> None:
    """What was gathered before the clock stepped back waits for no longer than its linger."""
    sealer = sealer_of()
    sealer.add(draft_of(0, None), now_ns=START)
    due = sealer.due_in_ms(START - back)

    assert due is not None
    assert due <= LIMITS.linger_ms


def test_a_segment_begins_with_an_empty_block() -> None:
    """What is gathered already cannot move to the next segment."""
    sealer = sealer_of()
    sealer.add(draft_of(0, None), now_ns=START)

    with pytest.raises(ValueError, match="empty block"):
        sealer.next_segment()
