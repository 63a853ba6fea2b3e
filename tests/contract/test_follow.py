"""Following a log: nothing left out, nothing twice, and a replaced tail is noticed."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from events.block import Block, head_of
from store.errors import LogDamaged
from store.follow import TailReplaced, follow
from store.memory.log import MemoryEventLog
from tests.contract.blocks import chain, sealed, start

POLL_S = 0.001
WAIT_S_MAX = 30


async def take(blocks: AsyncIterator[Block], count: int) -> list[int]:
    """Return the numbers of the next *count* blocks."""
    return [(await anext(blocks)).number for _ in range(count)]


async def test_a_follower_sees_what_is_there_and_what_comes() -> None:
    """Blocks are yielded from the start given, then each new one, in order and once."""
    log, blocks = MemoryEventLog(), list(chain(6))
    for block in blocks[:3]:
        await log.append(block)
    following = follow(log, start=1, poll_s=POLL_S)
    assert await take(following, 2) == [1, 2]
    waiting = asyncio.create_task(take(following, 3))

    for block in blocks[3:]:
        await log.append(block)

    assert await asyncio.wait_for(waiting, WAIT_S_MAX) == [3, 4, 5]


async def test_a_follower_waits_for_the_first_block() -> None:
    """An empty log is waited for."""
    log = MemoryEventLog()
    waiting = asyncio.create_task(take(follow(log, start=0, poll_s=POLL_S), 1))

    await log.append(sealed(start()))

    assert await asyncio.wait_for(waiting, WAIT_S_MAX) == [0]


async def test_a_follower_that_folded_another_block_is_told() -> None:
    """A block that does not follow the one the caller folded tells which block was replaced."""
    log = MemoryEventLog()
    await log.append(sealed(start(), epoch=2))
    await log.append(sealed(head_of(sealed(start(), epoch=2))))
    lost = sealed(start(), epoch=1)

    with pytest.raises(TailReplaced) as raised:
        await take(follow(log, start=1, poll_s=POLL_S, after=lost.digest), 1)

    assert raised.value.number == 0


class BrokenLog(MemoryEventLog):
    """A log whose block 1 was replaced by a well-made other one after block 2 was chained to it."""

    async def block(self, number: int) -> Block | None:
        held = await super().block(number)
        return held if held is None or number != 1 else self._other(held)

    async def blocks(self, *, start: int, stop: int | None = None) -> AsyncIterator[Block]:
        async for block in super().blocks(start=start, stop=stop):
            yield block if block.number != 1 else self._other(block)

    def _other(self, block: Block) -> Block:
        return msgspec.structs.replace(block, digest=bytes(32))


async def test_a_broken_link_below_the_tail_is_damage() -> None:
    """When the stored chain itself is broken there is nothing to drop back to."""
    log = BrokenLog()
    for block in chain(3):
        await log.append(block)

    with pytest.raises(LogDamaged, match="block 2"):
        await take(follow(log, start=0, poll_s=POLL_S), 3)
