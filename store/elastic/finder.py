"""The block that holds a position or a time, within one segment."""

from dataclasses import dataclass

from store.elastic.blocks import (
    META,
    NOT_ITS_NUMBER,
    StoredBlock,
    StoredSegment,
    block_docs,
    blocks_found,
)
from store.elastic.connection import Elastic
from store.elastic.documents import read, search
from store.errors import LogDamaged

PROBES = 62


@dataclass(frozen=True, slots=True)
class Span:
    """A segment from the block that opens it to its last one."""

    start: StoredSegment
    end: StoredBlock

    @property
    def next_position(self) -> int:
        return self.end.first_position + self.end.count


class Finder:
    """Looks in real time where that is possible; a search is completed by what it could not see yet."""

    def __init__(self, elastic: Elastic) -> None:
        self._elastic = elastic

    async def at_position(self, span: Span, position: int) -> int:
        """Return the number of the last block of *span* that begins at or before *position*."""
        low, high = span.start.first_block, span.end.number + 1
        while high - low > 1:
            width = max(1, (high - low) // (PROBES + 1))
            for block in await self._read(span, list(range(low + width, high, width))[:PROBES]):
                if block.first_position > position:
                    high = block.number
                    break
                low = block.number
        return low

    async def before(self, span: Span, observed_at: int) -> int | None:
        """Return the number of the last block of *span* whose first event was observed by then; else None."""
        opening = span.start.first_block
        seen = await self._newest(span, {"exists": {"field": "count"}})
        start = opening + 1 if seen is None else seen + 1
        for last in range(span.end.number, start - 1, -PROBES):
            numbers = list(range(max(start, last - PROBES + 1), last + 1))
            for block in reversed(await self._read(span, numbers)):
                if block.first_observed_at <= observed_at:
                    return block.number
        found = await self._newest(span, {"range": {"first_observed_at": {"lte": observed_at}}})
        if found is None and span.start.first_observed_at <= observed_at:
            return opening
        return found

    async def _newest(self, span: Span, query: dict[str, object]) -> int | None:
        """Return the last block behind the opening one that a search finds."""
        behind = {"range": {"number": {"gt": span.start.first_block}}}
        body = {
            "size": 1,
            "_source": ["number", "digest"],
            "sort": [{"number": {"order": "desc", "unmapped_type": "long"}}],
            "query": {"bool": {"filter": [behind, query], "must_not": NOT_ITS_NUMBER}},
        }
        index = self._elastic.names.blocks(span.start.segment)
        found = await search(self._elastic, index, body, blocks_found)
        return found[0].number if found else None

    async def _read(self, span: Span, numbers: list[int]) -> list[StoredBlock]:
        start = span.start
        ids = [start.place(number) for number in numbers]
        index = self._elastic.names.blocks(start.segment)
        found: list[StoredBlock] = []
        for number, doc in zip(
            numbers, await read(self._elastic, index, ids, block_docs, fields=META), strict=True
        ):
            if doc.source is None:
                raise LogDamaged(f"block {number} is missing")
            found.append(doc.source)
        return found
