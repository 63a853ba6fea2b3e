"""The segments of the log: which there are, and which one holds a number."""

from bisect import bisect_right

from store.elastic.blocks import StoredSegment, encode, segment_docs, segments_found
from store.elastic.connection import Elastic
from store.elastic.documents import create, make_index, read, search
from store.elastic.log_indices import blocks, bodies
from store.elastic.log_indices import segments as definition

SEGMENTS_MAX = 10_000


class Segments:
    """The segments as last seen, oldest first. What is known of one never changes; old ones go, new ones come."""

    def __init__(self, elastic: Elastic) -> None:
        self._elastic = elastic
        self._index = elastic.names.segments
        self._known: list[StoredSegment] = []
        self._learnt: dict[int, StoredSegment] = {}
        self._made: set[int] = set()

    async def all(self) -> list[StoredSegment]:
        """Return the retained segments as they are now."""
        sort = [{"segment": {"order": "asc", "unmapped_type": "long"}}]
        query = {"size": SEGMENTS_MAX, "sort": sort}
        found = await search(self._elastic, self._index, query, segments_found)
        # A search sees a new one late, a read at once.
        while (following := await self._read(_next(found))) is not None:
            found.append(following)
        self._learnt = {n: each for n, each in self._learnt.items() if n >= _next(found)}
        if not found and self._learnt:
            found.append(self._learnt[min(self._learnt)])
        while (learnt := self._learnt.get(_next(found))) is not None:
            found.append(learnt)
        self._known = found
        return found

    async def holding(self, number: int) -> StoredSegment | None:
        """Return the segment that holds block *number*, or would; None when it is before the retained ones.

        Of a number beyond the newest segment's first block known here, a newer one may hold it.
        """
        known = self._known or await self.all()
        at = bisect_right(known, number, key=lambda each: each.first_block)
        return known[at - 1] if at else None

    def learn(self, segment: StoredSegment) -> None:
        """Take note of *segment*, whose document may not be there yet."""
        self._learnt[segment.segment] = segment
        if not self._known or segment.segment == _next(self._known):
            self._known.append(segment)

    async def keep_learnt(self) -> None:
        """Write the documents that are not there of the segments learnt of."""
        for number, segment in sorted(self._learnt.items()):
            if await self._read(number) is None:
                await make_index(self._elastic, self._index, definition())
                name, document = str(number), encode(segment)
                await create(self._elastic, self._index, name, document, refresh=True)
            del self._learnt[number]

    async def make_indices(self, segment: int) -> None:
        """Create the pair of indices of *segment* unless they are there."""
        if segment not in self._made:
            names = self._elastic.names
            await make_index(self._elastic, names.bodies(segment), bodies())
            await make_index(self._elastic, names.blocks(segment), blocks())
            self._made.add(segment)

    async def forget(self, segment: int) -> None:
        """Delete the document of *segment*, so that it is no longer retained."""
        path = f"/{self._index}/_doc/{segment}"
        await self._elastic.request("DELETE", path, params={"refresh": "true"}, expect={404})
        await self.all()

    async def _read(self, segment: int) -> StoredSegment | None:
        (found,) = await read(self._elastic, self._index, [str(segment)], segment_docs)
        return found.source


def _next(segments: list[StoredSegment]) -> int:
    """Return the number of the segment after the last of *segments*."""
    return segments[-1].segment + 1 if segments else 0
