"""Follow a log as it grows, over the port alone."""

import asyncio
from collections.abc import AsyncIterator

from events.block import Block
from store.errors import LogDamaged
from store.ports import EventLog

POLL_S = 0.1


class TailReplaced(Exception):
    """The block seen last is not the one the next block follows: it was read before it was durable everywhere.

    Drop back to a state folded before block `number` and follow again from there.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"block {number} is not the one that was read before")
        self.number = number


async def follow(
    log: EventLog, *, start: int, poll_s: float = POLL_S, after: bytes | None = None
) -> AsyncIterator[Block]:
    """Yield blocks from number *start* for ever, each as soon as a poll every *poll_s* seconds sees it.

    *after* is the digest of block ``start - 1`` as the caller folded it; None leaves the first link unchecked.
    Blocks that retention dropped are left out: the first block then has a number above *start*.

    Raises:
        TailReplaced: a block does not follow the one yielded (or *after*) before it, which another has replaced.
        LogDamaged: below the head a block is missing, or does not follow the one stored before it.
    """
    number, digest = start, after
    while True:
        async for block in log.blocks(start=number):
            if digest is not None and block.number == number and block.header.previous != digest:
                raise await _broken_link(log, block)
            yield block
            number, digest = block.number + 1, block.digest
        await _until_beyond(log, number, poll_s)


async def _until_beyond(log: EventLog, number: int, poll_s: float) -> None:
    # Another process writes the log: there is nothing here to be woken by.
    while (head := await log.head()) is None or head.number < number:  # noqa: ASYNC110
        await asyncio.sleep(poll_s)


async def _broken_link(log: EventLog, block: Block) -> Exception:
    """Return what is wrong: the block read before was replaced, or the stored chain itself is broken."""
    before = await log.block(block.number - 1)
    if before is None or before.digest == block.header.previous:
        return TailReplaced(block.number - 1)
    return LogDamaged(f"block {block.number} does not follow the block stored before it")
