"""The event log on Elasticsearch: a pair of indices per segment, blocks and bodies, and a document for each segment.

An append writes the bodies under number and digest, then creates the block under its number: the server lets one writer
do that, and answers when it is on disk. So an interrupted append leaves nothing that could be in the way of the next.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Sequence

import msgspec

from events.block import Block, BlockDamaged, BlockHead, open_bodies
from events.identity import KEY_BYTES
from store.append import refusal, refusal_to_begin
from store.elastic import secret
from store.elastic.blocks import (
    META,
    StoredBlock,
    StoredBodies,
    block_docs,
    bodies_docs,
    encode,
    opened,
    segment_of,
    stored,
    switch_to,
    unique_id,
)
from store.elastic.connection import Elastic, OnElastic
from store.elastic.documents import create, read
from store.elastic.finder import Finder, Span
from store.elastic.segments import Segments
from store.elastic.tail import Tail
from store.errors import Fenced, LogDamaged, LogRefused, LogUnavailable
from store.ports import Segment

PAGE_BLOCKS = 32
PAGES_AHEAD = 3
REREADS_MAX = 20
REREAD_S = 0.05


class ElasticEventLog(OnElastic):
    """An :class:`store.ports.EventLog` under the names of *elastic*, which it opens and closes."""

    def __init__(self, elastic: Elastic, *, read_only: bool = False) -> None:
        super().__init__(elastic)
        self._names = elastic.names
        self._read_only = read_only
        self._segments = Segments(elastic)
        self._tail = Tail(elastic, self._segments)
        self._finder = Finder(elastic)
        self._key: bytes | None = None

    async def append(self, block: Block) -> None:
        self._require_writing()
        header = block.header
        last = self._tail.seen
        if last is None or last.digest != header.previous:
            last = await self._settled()
        if (held := await self._held(block, last)) is not None and held.digest == block.digest:
            return
        if (why := refusal(block, last and last.head, held)) is not None:
            raise Fenced(why)
        await self._write(block, last)

    async def begin(self, block: Block) -> None:
        self._require_writing()
        last = await self._settled()
        if (held := await self._held(block, last)) is not None and held.digest == block.digest:
            return
        if (why := refusal_to_begin(block, last and last.head)) is not None:
            raise Fenced(why)
        await self._write(block, None)

    async def _write(self, block: Block, last: StoredBlock | None) -> None:
        """Store *block*, which may follow *last*, bodies first."""
        header = block.header
        opens = last is None or last.segment != header.segment
        written = stored(block, None if opens else last)
        if opens:
            await self._segments.make_indices(header.segment)
        if block.bodies:
            index = self._names.bodies(header.segment)
            packed = encode(StoredBodies(block.bodies))
            await create(self._elastic, index, unique_id(header.number, block.digest), packed)
        await self._commit(block, written, last)
        self._tail.appended(written)
        if opens:
            self._segments.learn(segment_of(written))
            await self._segments.keep_learnt()

    async def _settled(self) -> StoredBlock | None:
        """Return the last block, once what a writer killed meanwhile left undone is done."""
        last = await self._tail.find()
        await self._segments.keep_learnt()
        return last

    async def _held(self, block: Block, last: StoredBlock | None) -> Block | None:
        """Return the block that has the number of *block*, as far as one at or below *last* can."""
        if last is None or block.number > last.number:
            return None
        return await self.block(block.number)

    async def _commit(self, block: Block, written: StoredBlock, last: StoredBlock | None) -> None:
        """Create the one document that decides.

        Raises:
            Fenced: another block has the number.
        """
        index, document, number = self._names.blocks(written.segment), written, str(written.number)
        before = 0 if last is None else last.segment
        if written.segment != before or (last is None and written.number > 0):
            where = unique_id(written.number, written.digest)
            opening = msgspec.structs.replace(written, opens=True)
            await create(self._elastic, index, where, encode(opening))
            index, document = self._names.blocks(before), switch_to(block)
            if last is None:  # who begins a log elsewhere takes the place of its block 0
                await self._segments.make_indices(before)
                number = "0"
        if await create(self._elastic, index, number, encode(document)):
            return
        held = await self._reread(index, number)
        if held.digest != written.digest:
            self._tail.forget()
            raise Fenced(
                f"block {number} is already there, written by epoch {held.epoch} (this is epoch {written.epoch})"
            )

    async def _reread(self, index: str, number: str) -> StoredBlock:
        """Return what stands under *number*, where somebody's write was accepted."""
        for _ in range(REREADS_MAX):
            (doc,) = await read(self._elastic, index, [number], block_docs, fields=META)
            if doc.source is not None:
                return doc.source
            await asyncio.sleep(REREAD_S)
        raise LogUnavailable(f"{index}: block {number} is taken, but cannot be read")

    async def head(self) -> BlockHead | None:
        last = await self._tail.find()
        return None if last is None else last.head

    async def block(self, number: int) -> Block | None:
        found = await self._stored(number)
        return None if found is None else _opened(found)

    async def bodies(self, number: int) -> Sequence[bytes] | None:
        block = await self.block(number)
        if block is None:
            return None
        index = self._names.bodies(block.header.segment)
        where = unique_id(number, block.digest)
        (doc,) = await read(self._elastic, index, [where], bodies_docs)
        if doc.index_is_missing:
            return None
        try:
            return open_bodies(block.header, b"" if doc.source is None else doc.source.bodies)
        except BlockDamaged as error:
            raise LogDamaged(str(error)) from error

    async def blocks(self, *, start: int, stop: int | None = None) -> AsyncIterator[Block]:
        last = await self._tail.find()
        if last is None:
            return
        end = last.number + 1 if stop is None else min(last.number + 1, stop)
        number = start
        known = await self._segments.holding(max(start, 0))
        if known is None:
            number = await self.first()
        pages: deque[asyncio.Task[list[Block]]] = deque()
        asked = number
        try:
            while number < end:
                while asked < end and len(pages) <= PAGES_AHEAD:
                    upto = min(asked + PAGE_BLOCKS, end)
                    pages.append(asyncio.create_task(self._page(asked, upto)))
                    asked = upto
                for block in await pages.popleft():
                    yield block
                    number += 1
        finally:
            for page in pages:
                page.cancel()
            await asyncio.gather(*pages, return_exceptions=True)

    async def _page(self, start: int, stop: int) -> list[Block]:
        """Return the blocks from *start* to before *stop*, all of them.

        Raises:
            LogUnavailable: retention has dropped one of them.
            LogDamaged: one is missing or cannot be read.
        """
        found: list[Block] = []
        while start < stop:
            part = await self._part(start, stop)
            found += part
            start += len(part)
        return found

    async def _part(self, start: int, stop: int) -> list[Block]:
        """Return the first blocks of a page, those of one segment; none where it has only learnt of the segment."""
        held = await self._segments.holding(start)
        if held is None:
            raise LogUnavailable(f"block {start} was dropped by retention meanwhile")
        ids = [held.place(number) for number in range(start, stop)]
        docs = await read(self._elastic, self._names.blocks(held.segment), ids, block_docs)
        found: list[Block] = []
        for number, doc in enumerate(docs, start):
            if doc.source is None:
                return found or [await self._missing(number)]
            if doc.source.next_segment is not None:
                await self._tail.through(doc.source)
                return found
            found.append(_opened(doc.source))
        return found

    async def _missing(self, number: int) -> Block:
        """Return block *number*, which was not where it was looked for.

        Raises:
            LogUnavailable: retention dropped it.
            LogDamaged: it is missing.
        """
        held = await self._segments.all()
        if held and number < held[0].first_block:
            raise LogUnavailable(f"block {number} was dropped by retention meanwhile")
        block = await self.block(number)
        if block is None:
            raise LogDamaged(f"block {number} is missing")
        return block

    async def _stored(self, number: int, *, fields: str | None = None) -> StoredBlock | None:
        """Return block *number* as it is stored; None when there is none."""
        if number < 0:
            return None
        held = await self._segments.holding(number)
        while held is not None:
            index = self._names.blocks(held.segment)
            where = [held.place(number)]
            (doc,) = await read(self._elastic, index, where, block_docs, fields=fields)
            if doc.source is not None and doc.source.next_segment is not None:
                await self._tail.through(doc.source)
            elif doc.source is not None:
                return doc.source
            before, _ = held, await self._segments.all()
            held = await self._segments.holding(number)
            if held == before:
                return None
        return None

    async def block_at(self, position: int) -> int | None:
        spans = await self._spans()
        if not spans or not 0 <= position < spans[-1].next_position:
            return None
        for span in reversed(spans):
            if span.start.first_position <= position:
                return await self._finder.at_position(span, position)
        return None

    async def block_before(self, observed_at: int) -> int | None:
        for span in reversed(await self._spans()):
            if (found := await self._finder.before(span, observed_at)) is not None:
                return found
        return None

    async def first(self) -> int:
        held = await self._segments.all()
        return held[0].first_block if held else 0

    async def segments(self) -> Sequence[Segment]:
        return [await self._told(span) for span in await self._spans()]

    async def _spans(self) -> list[Span]:
        """Return the retained segments, each with its last block."""
        last = await self._tail.find()
        if last is None:
            return []
        held = await self._segments.all()
        spans: list[Span] = []
        for start, following in zip(held, [*held[1:], None], strict=True):
            end = (
                last
                if following is None
                else await self._stored(following.first_block - 1, fields=META)
            )
            if end is None:
                raise LogDamaged(
                    f"block {following.first_block - 1 if following else 0} is missing"
                )
            spans.append(Span(start, end))
        return spans

    async def _told(self, span: Span) -> Segment:
        index = self._names.bodies(span.start.segment)
        (probe,) = await read(self._elastic, index, ["-"], bodies_docs)
        has_bodies = not probe.index_is_missing
        return Segment(
            number=span.start.segment,
            first_block=span.start.first_block,
            last_block=span.end.number,
            envelope_bytes=span.end.held_envelope_bytes,
            body_bytes=span.end.held_body_bytes if has_bodies else 0,
            first_observed_at=span.start.first_observed_at,
            last_observed_at=span.end.last_observed_at,
            has_bodies=has_bodies,
        )

    async def drop_segment(self, number: int, *, bodies_only: bool = False) -> None:
        self._require_writing()
        numbers = [segment.segment for segment in await self._segments.all()]
        if number not in numbers[:-1] or (not bodies_only and number != numbers[0]):
            raise LogRefused(f"segment {number} cannot be removed: it is not the oldest closed one")
        if not bodies_only:
            # First the document: without it the rest is no longer part of the log, whatever happens next.
            await self._segments.forget(number)
            await self._delete(self._names.blocks(number))
        await self._delete(self._names.bodies(number))

    async def _delete(self, index: str) -> None:
        await self._elastic.request("DELETE", f"/{index}", expect={404})

    async def fingerprint_key(self) -> bytes:
        if self._key is None:
            self._key = await secret.stored(self._elastic)
        if self._key is None:
            if self._read_only:
                raise LogUnavailable("the store has no key yet; the first writer makes it")
            self._key = await secret.made(self._elastic, secrets.token_bytes(KEY_BYTES))
        return self._key

    async def adopt_key(self, key: bytes) -> None:
        self._require_writing()
        if len(key) != KEY_BYTES:
            raise LogRefused(f"a key has {KEY_BYTES} bytes, not {len(key)}")
        if await secret.made(self._elastic, key) != key:
            raise LogRefused(f"{self._names.keys} holds another key")
        self._key = key

    def _require_writing(self) -> None:
        if self._read_only:
            raise LogRefused(f"{self._elastic.settings.url} was opened for reading only")


def _opened(found: StoredBlock) -> Block:
    try:
        return opened(found)
    except msgspec.DecodeError as error:
        raise LogDamaged(f"block {found.number} cannot be read") from error
