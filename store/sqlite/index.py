"""The message index on SQLite: ``DIR/index.db``, tables and FTS5.

It can be deleted at any time and is rebuilt by replay; so commits do not wait for the disk, but document and checkpoint
are always of one moment. Written by one process, read by any number; a reader of an index that does not exist yet finds
nothing in it.
"""

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from events.values import decode_extension
from store.conversations import ConversationPage, find
from store.documents import MessageDocument
from store.errors import LogRefused
from store.matching import Subject, facet_values
from store.ports import Checkpoint, Page, Sort
from store.query import Query
from store.ranking import (
    FACET_MATCHES_MAX,
    check_histogram_field,
    check_sort,
    commonest,
    within_histogram,
)
from store.sqlite import engine, index_schema
from store.sqlite.conversations import SqliteFinder
from store.sqlite.index_query import position_in
from store.sqlite.index_search import Found, Search
from store.sqlite.index_writer import IndexWriter
from store.sqlite.segment_file import Transaction

READERS = 3
"""So many searches run at once where nothing is written: a slow one does not hold up the others."""
CACHE_KIB = 64 << 10
READER_CACHE_KIB = 32 << 10

_document = msgspec.msgpack.Decoder(MessageDocument, ext_hook=decode_extension)
_checkpoint = msgspec.msgpack.Decoder(Checkpoint)


class SqliteMessageIndex:
    """A :class:`store.ports.MessageIndex` in the directory *directory*."""

    def __init__(self, directory: Path, *, read_only: bool = False) -> None:
        self._path = directory / "index.db"
        self._read_only = read_only
        self._worker = engine.Worker(directory, "index", threads=READERS if read_only else 1)
        self._mine = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._writer: IndexWriter | None = None

    async def __aenter__(self) -> Self:
        if not self._read_only:
            await self._worker.run(self._prepare)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._worker.finish()
        while self._connections:
            self._connections.pop().close()

    async def save(
        self,
        documents: Sequence[MessageDocument],
        texts: Mapping[str, str],
        checkpoint: Checkpoint,
    ) -> None:
        await self._worker.run(self._writing().save, documents, texts, checkpoint)

    async def checkpoint(self) -> Checkpoint | None:
        return await self._worker.run(self._read_checkpoint)

    async def get(self, uid: str) -> MessageDocument | None:
        return await self._worker.run(self._get, uid)

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
        check_sort(sort)
        key = None if after is None else (int(after[0]), int(after[1]))
        return await self._worker.run(self._search, query, sort, limit, key, exact_total, now_ns)

    async def facets(
        self, query: Query, fields: Sequence[str], *, size: int, now_ns: int, prefix: str = ""
    ) -> Mapping[str, Mapping[str, int]]:
        return await self._worker.run(self._facets, query, fields, size, prefix, now_ns)

    async def histogram(
        self, query: Query, *, since: int, width_ns: int, buckets: int, now_ns: int
    ) -> Sequence[int]:
        asked = within_histogram(query, since, width_ns, buckets)
        return await self._worker.run(self._histogram, asked, since, width_ns, buckets, now_ns)

    async def histogram_by(
        self, query: Query, field: str, *, since: int, width_ns: int, buckets: int, now_ns: int
    ) -> Sequence[Mapping[str, int]]:
        check_histogram_field(field)
        asked = within_histogram(query, since, width_ns, buckets)
        return await self._worker.run(self._by_state, asked, since, width_ns, buckets, now_ns)

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
            SqliteFinder(self._worker, self._connected),
            query,
            order=order,
            limit=limit,
            after=after,
            before=before,
            now_ns=now_ns,
        )

    async def clear(self) -> None:
        self._writing()
        await self._worker.run(self._clear)

    async def drop_before(self, position: int) -> int:
        return await self._worker.run(self._writing().drop_before, position)

    def _writing(self) -> IndexWriter:
        if self._writer is None:
            raise LogRefused(f"{self._path} was opened for reading only")
        return self._writer

    # Below: in a worker thread.

    def _prepare(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._path.exists() and not self._is_current():
            engine.remove(self._path)
        if not self._path.exists():
            engine.create(
                self._path,
                schema=index_schema.SCHEMA,
                version=index_schema.VERSION,
                page_bytes=index_schema.PAGE_BYTES,
            )
        connection = self._connected()
        if connection is None:
            raise LogRefused(f"{self._path} was removed while it was opened")
        connection.execute("PRAGMA synchronous=NORMAL")
        self._writer = IndexWriter(connection)

    def _is_current(self) -> bool:
        try:
            connection = engine.connect(self._path, read_only=True)
        except sqlite3.DatabaseError:
            return False
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError:
            return False
        finally:
            connection.close()
        return version == index_schema.VERSION

    def _connected(self) -> sqlite3.Connection | None:
        """Return the connection of this thread; None where there is no index yet, or none of this version."""
        known: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if known is None and self._path.exists() and self._is_current():
            known = engine.connect(self._path, read_only=self._read_only, closed_elsewhere=True)
            self._connections.append(known)
            cache_kib = READER_CACHE_KIB if self._read_only else CACHE_KIB
            known.execute(f"PRAGMA cache_size=-{cache_kib}")
            self._mine.connection = known
        return known

    def _read_checkpoint(self) -> Checkpoint | None:
        if (db := self._connected()) is None:
            return None
        row = db.execute("SELECT checkpoint FROM state").fetchone()
        return None if row is None else _checkpoint.decode(row[0])

    def _get(self, uid: str) -> MessageDocument | None:
        position = position_in(uid)
        if position is None or (db := self._connected()) is None:
            return None
        found = _documents(db, [position])
        return found[0] if found and found[0].uid == uid else None

    def _search(
        self,
        query: Query,
        sort: Sort,
        limit: int,
        after: tuple[int, int] | None,
        exact_total: bool,
        now_ns: int,
    ) -> Page:
        if (db := self._connected()) is None:
            return Page([], 0, True, None)
        db.execute("BEGIN")  # one moment for total, page and documents
        try:
            search = Search(db, query, now_ns)
            found = search.page(sort, limit + 1, after, exact_total=exact_total)
            return _page(db, found, limit)
        finally:
            db.execute("COMMIT")

    def _facets(
        self, query: Query, fields: Sequence[str], size: int, prefix: str, now_ns: int
    ) -> Mapping[str, Mapping[str, int]]:
        if (db := self._connected()) is None:
            return {field: {} for field in fields}
        db.execute("BEGIN")
        try:
            search = Search(db, query, now_ns)
            found = search.page(Sort(), FACET_MATCHES_MAX, None, exact_total=False)
            documents = _documents(db, [key[1] for key in found.keys])
        finally:
            db.execute("COMMIT")
        subjects = [Subject(document, None) for document in documents]
        return {
            field: commonest(
                (facet_values(field, subject) for subject in subjects), size, prefix=prefix
            )
            for field in fields
        }

    def _histogram(
        self, query: Query, since: int, width_ns: int, buckets: int, now_ns: int
    ) -> Sequence[int]:
        if (db := self._connected()) is None:
            return [0] * buckets
        db.execute("BEGIN")
        try:
            return Search(db, query, now_ns).histogram(since, width_ns, buckets)
        finally:
            db.execute("COMMIT")

    def _by_state(
        self, query: Query, since: int, width_ns: int, buckets: int, now_ns: int
    ) -> Sequence[Mapping[str, int]]:
        if (db := self._connected()) is None:
            return [{} for _ in range(buckets)]
        db.execute("BEGIN")
        try:
            return Search(db, query, now_ns).histogram_by_state(since, width_ns, buckets)
        finally:
            db.execute("COMMIT")

    def _clear(self) -> None:
        db = self._writing().connection
        with Transaction(db):
            for table in index_schema.TABLES:
                db.execute(f"DROP TABLE {table}")
            for statement in index_schema.STATEMENTS:
                db.execute(statement)
        self._writer = IndexWriter(db)


def _page(db: sqlite3.Connection, found: Found, limit: int) -> Page:
    keys = found.keys[:limit]
    items = _documents(db, [position for _, position in keys])
    more = len(found.keys) > limit and bool(keys)
    return Page(items, found.total, found.total_is_exact, keys[-1] if more else None)


def _documents(db: sqlite3.Connection, positions: Sequence[int]) -> list[MessageDocument]:
    """Return the documents at *positions*, in that order."""
    rows = db.execute(
        "SELECT d.document FROM json_each(?) AS asked"
        " CROSS JOIN documents AS d ON d.position = asked.value ORDER BY asked.key",
        ("[" + ",".join(map(str, positions)) + "]",),
    )
    return [_document.decode(row[0]) for row in rows]
