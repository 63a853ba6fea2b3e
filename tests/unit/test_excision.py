"""Poison is taken out of queues that give back in place and of those that give back behind, and nothing else is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.taps.excision import Round, Unsettled, excise

LAWS = settings(max_examples=200, deadline=None)
BUFFERED_MAX = 3
QUEUES = st.lists(st.booleans(), max_size=24)
"""For each message in its order, whether it is poisoned."""


class ModelQueue:
    """How a broker's queue behaves, as measured: *turns* puts what is given back behind the rest of that.

    The first *returned* messages were delivered before. A connection that ends may have got up to *buffered* messages less
    than it was sent. Something that arrives while it is worked on comes last.
    """

    def __init__(
        self, poisoned: list[bool], *, turns: bool, returned: int, buffered: list[int]
    ) -> None:
        self.messages = list(enumerate(poisoned))
        self.dropped: list[int] = []
        self.begun = 0
        self._turns = turns
        self._returned = min(returned, len(poisoned))
        self._buffered = buffered
        self._held = 0

    async def ready(self) -> int:
        return len(self.messages) - self._held

    async def deliver(self, count: int) -> Round:
        first = self.messages[self._held : self._held + count]
        poison = next((at for at, (_, poisoned) in enumerate(first) if poisoned), None)
        self._give_back(count)
        self.messages.append((1_000 + len(self.messages), False))
        if poison is None:
            return Round(len(first), ended=False)
        late = self._buffered.pop(0) if self._buffered else 0
        return Round(max(0, poison - late), ended=True)

    def _give_back(self, count: int) -> None:
        self._returned = max(self._returned, self._held + count)
        if self._turns:
            ring = self.messages[: self._returned]
            self.messages[: self._returned] = ring[count:] + ring[:count]

    @asynccontextmanager
    async def holding(self, count: int) -> AsyncIterator[None]:
        if self._turns or any(poisoned for _, poisoned in self.messages[:count]):
            raise Unsettled
        self._held = count
        yield
        self._held = 0

    async def begin(self) -> None:
        self.begun += 1

    async def drop_first(self) -> None:
        assert self.begun
        number, _ = self.messages.pop(self._held)
        self._returned -= 1
        self.dropped.append(number)


@LAWS
@given(
    QUEUES,
    st.booleans(),
    st.integers(0, 8),
    st.integers(8, 30),
    st.lists(st.integers(0, BUFFERED_MAX)),
)
def test_only_poison_is_dropped_and_the_order_stays(
    poisoned: list[bool], turns: bool, returned: int, depth: int, buffered: list[int]
) -> None:
    """What is poisoned within the depth is gone, and all else stands in its old order, in queues of both kinds."""
    queue = ModelQueue(poisoned, turns=turns, returned=returned, buffered=buffered)

    dropped = asyncio.run(excise(queue, depth=depth, turns=turns))

    harmless = [number for number, bad in enumerate(poisoned) if not bad]
    left = [number for number, bad in queue.messages if not bad and number < 1_000]
    assert left == harmless
    assert all(poisoned[number] for number in queue.dropped)
    assert dropped == len(queue.dropped)
    assert not any(bad for _, bad in queue.messages[:depth])


@pytest.mark.parametrize("turns", [True, False])
def test_nothing_is_told_where_nothing_is_found(turns: bool) -> None:
    """A queue without poison is delivered once and neither touched nor told of."""
    queue = ModelQueue([False] * 5, turns=turns, returned=5, buffered=[])

    assert asyncio.run(excise(queue, depth=8, turns=turns)) == 0
    assert queue.begun == 0
    assert [number for number, _ in queue.messages[:5]] == [0, 1, 2, 3, 4]


def test_a_queue_that_gives_back_behind_is_not_taken_for_another() -> None:
    """Worked on in the wrong way, such a queue loses nothing."""
    queue = ModelQueue([True, False, False], turns=True, returned=3, buffered=[])

    with pytest.raises(Unsettled):
        asyncio.run(excise(queue, depth=8, turns=False))

    assert queue.dropped == []
