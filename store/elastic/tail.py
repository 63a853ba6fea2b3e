"""Where the log ends: found by reading numbers in real time, galloping from one that is known to be there.

A search only says from where to gallop, because it sees a block late. A number that is not there below one that is means
damage, unless reading it again finds it.
"""

from store.elastic.blocks import (
    META,
    NOT_ITS_NUMBER,
    StoredBlock,
    block_docs,
    blocks_found,
    opening_id,
    segment_of,
)
from store.elastic.connection import Elastic
from store.elastic.documents import read, search
from store.elastic.segments import Segments
from store.errors import LogDamaged

STEPS = tuple(2**power for power in range(21))
POLL_STEPS = STEPS[:11]
PROBES = 62


class Tail:
    """Knows the last block that was seen, and finds the one that is last now."""

    def __init__(self, elastic: Elastic, segments: Segments) -> None:
        self._elastic = elastic
        self._segments = segments
        self._last: StoredBlock | None = None

    async def find(self) -> StoredBlock | None:
        """Return the last block as it is durable now, without its content; None for an empty log.

        Raises:
            LogDamaged: a number below it is missing.
        """
        if self._last is not None:
            try:
                self._last = await self._gallop(self._last)
            except _Gone:  # it was read before it was replicated, and lost in a fail-over
                self._last = None
        if self._last is None:
            start = await self._start()
            self._last = None if start is None else await self._gallop(start)
        return self._last

    def appended(self, block: StoredBlock) -> None:
        """Take note that *block* is the last one: it was just written."""
        self._last = block

    def forget(self) -> None:
        """Forget what was seen: somebody else writes."""
        self._last = None

    @property
    def seen(self) -> StoredBlock | None:
        """The last block as it was seen last."""
        return self._last

    async def opening(self, segment: int, number: int, digest: bytes) -> StoredBlock | None:
        """Return the block that opens *segment*; None when it is not there."""
        index = self._elastic.names.blocks(segment)
        where = opening_id(number, digest)
        (found,) = await read(self._elastic, index, [where], block_docs, fields=META)
        return found.source

    async def _start(self) -> StoredBlock | None:
        """Return a block from where the end can be galloped to, the nearest that is easily found."""
        held = await self._segments.all()
        if not held:
            first = await self.opening(0, 0, b"")
            if first is not None and first.next_segment is not None:
                return await self.through(first)
            if first is not None:
                self._segments.learn(segment_of(first))
            return first
        newest = held[-1]
        index = self._elastic.names.blocks(newest.segment)
        query = {
            "size": 1,
            "_source": META.split(","),
            "sort": [{"number": {"order": "desc", "unmapped_type": "long"}}],
            "query": {"bool": {"must_not": NOT_ITS_NUMBER}},
        }
        for found in await search(self._elastic, index, query, blocks_found):
            if found.number > newest.first_block:
                return found
        opening = await self.opening(newest.segment, newest.first_block, newest.digest)
        if opening is None:
            raise LogDamaged(f"block {newest.first_block} is missing")
        return opening

    async def _gallop(self, low: StoredBlock) -> StoredBlock:
        steps = POLL_STEPS
        while True:
            found = await self._probe(low, [low.number + step for step in steps])
            steps = STEPS
            if not found:
                return low
            best = max(found)
            if found[best].next_segment is not None:
                low = await self.through(found[best])
            elif best == low.number + STEPS[-1]:
                low = found[best]
            else:
                above = next(low.number + s for s in STEPS if low.number + s > best)
                low = await self._between(found[best], above)

    async def _between(self, low: StoredBlock, high: int) -> StoredBlock:
        """Return the last block below *high*, which was missing a moment ago, or the switch there."""
        while low.next_segment is None and high - low.number > 1:
            width = max(1, (high - low.number) // (PROBES + 1))
            numbers = list(range(low.number + width, high, width))[: PROBES + 1]
            found = await self._probe(low, numbers)
            if not found:
                high = numbers[0]
                continue
            best = max(found)
            low = found[best]
            high = min((number for number in numbers if number > best), default=high)
        if low.next_segment is not None:
            return await self.through(low)
        return low

    async def through(self, switch: StoredBlock) -> StoredBlock:
        """Return the block that *switch* commits, whose segment is known from then on."""
        segment = switch.next_segment or 0
        opening = await self.opening(segment, switch.number, switch.digest)
        if opening is None:
            raise LogDamaged(f"block {switch.number}, which opens segment {segment}, is missing")
        self._segments.learn(segment_of(opening))
        return opening

    async def _probe(self, low: StoredBlock, numbers: list[int]) -> dict[int, StoredBlock]:
        """Return which of *numbers*, all above *low*, are there, by number.

        Raises:
            LogDamaged: one that is missing is followed by one that is there.
        """
        index = self._elastic.names.blocks(low.segment)
        start = await self._segments.holding(low.number)
        where = str(low.number) if start is None else start.place(low.number)
        ids = [where, *map(str, numbers)]
        itself, *docs = await read(self._elastic, index, ids, block_docs, fields=META)
        if itself.source is None or itself.source.digest != low.digest:
            raise _Gone
        found = {
            n: doc.source for n, doc in zip(numbers, docs, strict=True) if doc.source is not None
        }
        doubtful = [str(n) for n in numbers if found and n < max(found) and n not in found]
        # One written between the reads of an answer is no damage.
        for doc in (
            await read(self._elastic, index, doubtful, block_docs, fields=META) if doubtful else ()
        ):
            if doc.source is None:
                raise LogDamaged(f"block {doc.id} is missing")
            found[doc.source.number] = doc.source
        return found


class _Gone(Exception):
    """The block that was to be galloped from is not there."""
