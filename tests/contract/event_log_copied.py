"""The promises of ``store.ports.EventLog`` to one who copies a log into it: its key, its beginning, its missing bodies."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import msgspec
import pytest

from events.block import Block, head_of, open_bodies
from store.errors import Fenced, LogRefused
from store.ports import EventLog
from tests.contract.blocks import KEY, chain, sealed

Another = Callable[[], AbstractAsyncContextManager[EventLog]]


def bare(block: Block) -> Block:
    """Return *block* as a log gives it back: without its bodies."""
    return msgspec.structs.replace(block, bodies=b"")


async def fill(log: EventLog, blocks: Sequence[Block]) -> None:
    for block in blocks:
        await log.append(block)


async def listed(log: EventLog, begin: int = 0, stop: int | None = None) -> list[Block]:
    return [block async for block in log.blocks(start=begin, stop=stop)]


class CopiedLogContract:
    """A subclass gives the fixtures ``log``, empty, and ``another``, which opens the same log once more."""

    async def test_a_key_is_adopted_once(self, log: EventLog, another: Another) -> None:
        """A store without a key takes the one given, for every opening, and the same one again; another is refused."""
        await log.adopt_key(KEY)
        await log.adopt_key(KEY)

        with pytest.raises(LogRefused, match="key"):
            await log.adopt_key(bytes(32))

        async with another() as other:
            assert await other.fingerprint_key() == await log.fingerprint_key() == KEY

    async def test_a_store_with_a_key_adopts_no_other(self, log: EventLog) -> None:
        """A key that was made stays, and what is no key is refused."""
        key = await log.fingerprint_key()
        await log.adopt_key(key)

        for other in (KEY, b"short", b""):
            with pytest.raises(LogRefused, match="key"):
                await log.adopt_key(other)

        assert await log.fingerprint_key() == key

    async def test_a_log_begins_with_any_block(self, log: EventLog, another: Another) -> None:
        """An empty log takes a block with a higher number as its first; nothing stands before it, and appending goes on."""
        blocks = list(chain(9, blocks_per_segment=3))

        await log.begin(blocks[4])
        await fill(log, blocks[5:8])
        async with another() as other:
            await other.append(blocks[8])

        assert await log.head() == head_of(blocks[8])
        assert await log.first() == 4
        assert await listed(log) == [bare(block) for block in blocks[4:]]
        assert await log.block(3) is None
        assert await log.bodies(3) is None
        assert await log.block_at(7) is None
        assert await log.block_at(8) == 4
        assert await log.bodies(4) == open_bodies(blocks[4].header, blocks[4].bodies)
        told = [(segment.number, segment.first_block) for segment in await log.segments()]
        assert told == [(1, 4), (2, 6)]

    async def test_a_begun_log_is_dropped_from_like_any_other(self, log: EventLog) -> None:
        """The oldest segment of a log that began in its middle can be dropped."""
        blocks = list(chain(9, blocks_per_segment=3))
        await log.begin(blocks[4])
        await fill(log, blocks[5:])

        await log.drop_segment(1)

        assert await listed(log) == [bare(block) for block in blocks[6:]]

    async def test_beginning_again_changes_nothing(self, log: EventLog) -> None:
        """The same first block again succeeds, also when more were appended; any other is fenced."""
        blocks = list(chain(6, blocks_per_segment=2))
        await log.begin(blocks[2])
        await fill(log, blocks[3:5])

        await log.begin(blocks[2])
        for other in (blocks[0], blocks[1], blocks[5], sealed(head_of(blocks[1]), epoch=9)):
            with pytest.raises(Fenced, match="not empty"):
                await log.begin(other)

        assert await listed(log) == [bare(block) for block in blocks[2:5]]

    async def test_block_0_begins_a_log_as_if_appended(self, log: EventLog) -> None:
        """Beginning with block 0 is appending it: it must be chained to nothing."""
        first, second = chain(2)
        header = msgspec.structs.replace(first.header, previous=second.digest)
        with pytest.raises(Fenced):
            await log.begin(msgspec.structs.replace(first, header=header))

        await log.begin(first)
        await log.append(second)

        assert await listed(log) == [bare(first), bare(second)]

    async def test_of_ten_beginning_at_once_one_wins(self, log: EventLog, another: Another) -> None:
        """Racing to begin an empty log with different blocks, of different segments too, one block is there."""
        blocks = list(chain(10, blocks_per_segment=2))

        async def attempt(block: Block) -> bool:
            async with another() as mine:
                try:
                    await (mine.append(block) if block.number == 0 else mine.begin(block))
                except Fenced:
                    return False
            return True

        won = await asyncio.gather(*(attempt(block) for block in blocks))

        # The winner's successor may be appended by nobody: only block 0 was to be appended.
        assert won.count(True) == 1
        assert await listed(log) == [bare(blocks[won.index(True)])]

    async def test_a_block_is_appended_without_the_bodies_dropped_elsewhere(
        self, log: EventLog
    ) -> None:
        """A block whose bodies were dropped is taken without them, and they are None once its segment's are dropped."""
        blocks = list(chain(4, blocks_per_segment=2))
        await log.begin(bare(blocks[0]))
        await fill(log, [bare(blocks[1]), *blocks[2:]])

        await log.drop_segment(0, bodies_only=True)

        assert await listed(log) == [bare(block) for block in blocks]
        assert [await log.bodies(number) is None for number in range(4)] == [
            True,
            True,
            False,
            False,
        ]
