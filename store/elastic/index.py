"""The message index in Elasticsearch: one document per message, in an index per UTC day of publishing.

It can be deleted at any time and is rebuilt by replay. Written by one process, read by any number; a reader of an index
that does not exist yet finds nothing in it. Reads, `get` too, are up to a second behind what was saved.
"""

import re
from collections.abc import Mapping, Sequence

from store.conversations import ConversationPage, find
from store.documents import MessageDocument
from store.elastic.connection import Elastic, OnElastic
from store.elastic.conversations import ElasticFinder
from store.elastic.index_facets import facets
from store.elastic.index_reader import IndexReader
from store.elastic.index_versions import Versions
from store.elastic.index_writer import IndexWriter
from store.elastic.mappings import MESSAGES_VERSION
from store.errors import LogRefused
from store.ports import Checkpoint, Page, Sort
from store.query import Query
from store.ranking import check_histogram_field

VERSION_PATTERN = re.compile(r"[a-z0-9_.]{1,64}")


class ElasticMessageIndex(OnElastic):
    """A :class:`store.ports.MessageIndex` under the names of *elastic*, which it opens and closes.

    *version* is that of the projection written: a new one is built beside the one searched, and takes its place when it has
    come as far. Without one it is read only. *refresh*: what is saved is found at once; slow, for tests.
    """

    def __init__(
        self, elastic: Elastic, *, version: str | None = None, refresh: bool = False
    ) -> None:
        super().__init__(elastic)
        self._versions = Versions(elastic)
        self._reader = IndexReader(elastic)
        self._writer = None
        if version is not None:
            self._writer = IndexWriter(elastic, version_of(version), refresh=refresh)

    @property
    def reduced(self) -> int:
        """How many documents were refused and indexed in a reduced form: found by uid, position, time and state only."""
        return 0 if self._writer is None else self._writer.reduced

    async def save(
        self,
        documents: Sequence[MessageDocument],
        texts: Mapping[str, str],
        checkpoint: Checkpoint,
    ) -> None:
        await self._writing().save(documents, texts, checkpoint)

    async def checkpoint(self) -> Checkpoint | None:
        """Return the checkpoint of the version written; of the one searched, where this one only reads."""
        if self._writer is not None:
            return await self._writer.checkpoint()
        served = await self._versions.served()
        return None if served is None else await self._versions.checkpoint(served)

    async def get(self, uid: str) -> MessageDocument | None:
        return await self._reader.get(uid)

    async def search(
        self,
        query: Query,
        *,
        sort: Sort,
        limit: int,
        after: tuple[int | str, ...] | None = None,
        exact_total: bool = False,
        now_ns: int,
    ) -> Page:
        key = None if after is None else (int(after[0]), int(after[1]))
        return await self._reader.page(query, sort, limit, key, exact=exact_total, now_ns=now_ns)

    async def facets(
        self, query: Query, fields: Sequence[str], *, size: int, now_ns: int, prefix: str = ""
    ) -> Mapping[str, Mapping[str, int]]:
        return await facets(self._reader, query, fields, size=size, now_ns=now_ns, prefix=prefix)

    async def histogram(
        self, query: Query, *, since: int, width_ns: int, buckets: int, now_ns: int
    ) -> Sequence[int]:
        return await self._reader.histogram(
            query, since=since, width_ns=width_ns, buckets=buckets, now_ns=now_ns
        )

    async def histogram_by(
        self, query: Query, field: str, *, since: int, width_ns: int, buckets: int, now_ns: int
    ) -> Sequence[Mapping[str, int]]:
        check_histogram_field(field)
        return await self._reader.histogram_by(
            query, field, since=since, width_ns=width_ns, buckets=buckets, now_ns=now_ns
        )

    async def conversations(
        self,
        query: Query,
        *,
        order: str,
        limit: int,
        after: tuple[int | str, ...] | None = None,
        before: int | None = None,
        now_ns: int,
    ) -> ConversationPage:
        return await find(
            ElasticFinder(self._reader),
            query,
            order=order,
            limit=limit,
            after=after,
            before=before,
            now_ns=now_ns,
        )

    async def clear(self) -> None:
        await self._writing().clear()

    async def drop_before(self, position: int) -> int:
        return await self._writing().drop_before(position)

    def _writing(self) -> IndexWriter:
        if self._writer is None:
            raise LogRefused("the message index was opened for reading only")
        return self._writer


def version_of(projection: str) -> str:
    """Return the version of the indices of projection version *projection*: a new mapping is a new one, too.

    Raises:
        ValueError: it cannot be part of an index's name.
    """
    if not VERSION_PATTERN.fullmatch(projection):
        raise ValueError(f"{projection!r} is no version of letters and digits")
    return f"{MESSAGES_VERSION}.{projection}"
