"""The event log in memory.

It keeps the port's promises for as long as the object lives; "durable" means only that the next call sees it.
"""

import os
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Self

import msgspec

from events.block import Block, BlockDamaged, BlockHead, head_of, open_bodies
from events.identity import KEY_BYTES
from store.append import refusal, refusal_to_begin
from store.errors import Fenced, LogDamaged, LogRefused
from store.ports import Segment


class MemoryEventLog:
    """An :class:`store.ports.EventLog` without a disk."""

    def __init__(self, *, key: bytes | None = None) -> None:
        self._blocks: dict[int, Block] = {}
        self._bodies: dict[int, bytes] = {}
        self._without_bodies: set[int] = set()
        self._key = key

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def append(self, block: Block) -> None:
        held = self._blocks.get(block.number)
        if held is not None and held.digest == block.digest:
            return
        if (why := refusal(block, self._head(), held)) is not None:
            raise Fenced(why)
        self._keep(block)

    async def begin(self, block: Block) -> None:
        held = self._blocks.get(block.number)
        if held is not None and held.digest == block.digest:
            return
        if (why := refusal_to_begin(block, self._head())) is not None:
            raise Fenced(why)
        self._keep(block)

    async def head(self) -> BlockHead | None:
        return self._head()

    async def block(self, number: int) -> Block | None:
        return self._blocks.get(number)

    async def bodies(self, number: int) -> Sequence[bytes] | None:
        block = self._blocks.get(number)
        if block is None or block.header.segment in self._without_bodies:
            return None
        try:
            return open_bodies(block.header, self._bodies[number])
        except BlockDamaged as error:
            raise LogDamaged(str(error)) from error

    async def blocks(self, *, start: int, stop: int | None = None) -> AsyncIterator[Block]:
        if not self._blocks:
            return
        end = max(self._blocks) + 1
        for number in range(max(start, min(self._blocks)), end if stop is None else min(end, stop)):
            block = self._blocks.get(number)
            if block is None:
                raise LogDamaged(f"block {number} is missing")
            yield block

    async def block_at(self, position: int) -> int | None:
        for block in self._blocks.values():
            if 0 <= position - block.header.first_position < block.header.count:
                return block.number
        return None

    async def block_before(self, observed_at: int) -> int | None:
        found = [
            b.number for b in self._blocks.values() if b.header.first_observed_at <= observed_at
        ]
        return max(found, default=None)

    async def first(self) -> int:
        return min(self._blocks, default=0)

    async def segments(self) -> Sequence[Segment]:
        numbers = sorted({block.header.segment for block in self._blocks.values()})
        return [self._segment(number) for number in numbers]

    async def drop_segment(self, number: int, *, bodies_only: bool = False) -> None:
        numbers = [segment.number for segment in await self.segments()]
        if number not in numbers[:-1] or (not bodies_only and number != numbers[0]):
            raise LogRefused(f"segment {number} cannot be removed: it is not the oldest closed one")
        self._without_bodies.add(number)
        for block in self._of(number):
            self._bodies.pop(block.number, None)
            if not bodies_only:
                del self._blocks[block.number]

    async def fingerprint_key(self) -> bytes:
        if self._key is None:
            self._key = os.urandom(KEY_BYTES)
        return self._key

    async def adopt_key(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise LogRefused(f"a key has {KEY_BYTES} bytes, not {len(key)}")
        if self._key not in (None, key):
            raise LogRefused("the log has another key")
        self._key = key

    def _keep(self, block: Block) -> None:
        self._blocks[block.number] = msgspec.structs.replace(block, bodies=b"")
        self._bodies[block.number] = block.bodies

    def _head(self) -> BlockHead | None:
        return head_of(self._blocks[max(self._blocks)]) if self._blocks else None

    def _of(self, segment: int) -> list[Block]:
        return [block for block in self._blocks.values() if block.header.segment == segment]

    def _segment(self, number: int) -> Segment:
        blocks = self._of(number)
        return Segment(
            number=number,
            first_block=blocks[0].number,
            last_block=blocks[-1].number,
            envelope_bytes=sum(len(block.envelopes) for block in blocks),
            body_bytes=sum(len(self._bodies.get(block.number, b"")) for block in blocks),
            first_observed_at=min(block.header.first_observed_at for block in blocks),
            last_observed_at=max(block.header.last_observed_at for block in blocks),
            has_bodies=number not in self._without_bodies,
        )
