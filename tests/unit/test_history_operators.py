"""A new leader knows what operators did, also where its predecessor was killed while it restated that."""

import pytest

from collector.history import read_history
from events.block import BlockHead, head_of, seal, start_of_log
from events.facts import BrokerBound, Envelope, Fact, NoteSet, SegmentStarted
from events.identity import key_id
from events.operations import OperatorState
from events.restating import restated
from projector.views.state import pack
from store.memory.log import MemoryEventLog
from tests.support.histories import KEY

NOTES = [NoteSet("", "local", f"{number:016x}", "x" * 4_000) for number in range(150)]


async def append(log: MemoryEventLog, head: BlockHead, segment: int, *facts: Fact) -> BlockHead:
    """Append *facts* as one block of *segment*."""
    first = head.next_position
    envelopes = [Envelope(first + at, first + at, 0, fact) for at, fact in enumerate(facts)]
    block = seal(envelopes, (), head, epoch=1, segment=segment)
    await log.append(block)
    return head_of(block)


@pytest.mark.parametrize("pieces", [1, 2, 99])
async def test_a_leader_knows_what_was_half_restated(pieces: int) -> None:
    """What the new segment does not say yet is read in the one before, and said to be owed; else it is enough alone."""
    log, state = MemoryEventLog(), OperatorState()
    async with log:
        start = start_of_log("main", key_id(KEY))
        head = await append(log, start, 0, BrokerBound("b", "4"), SegmentStarted(0, "b"), *NOTES)
        for at, fact in enumerate(NOTES, start=2):
            state.apply(Envelope(at, at, 0, fact))
        told = restated(state)
        assert len(told) > 2
        head = await append(log, head, 1, SegmentStarted(1, "b"), *told[:pieces])
        history = await read_history(log, head)

    assert history.owes_operators is (pieces < len(told))
    assert pack(history.operators) == pack(state)
