"""How far exports have come: ``DIR/exports.sqlite``, a row for each, changed in transactions of one."""

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from store.errors import Fenced, LogRefused
from store.ports import ExportPoint
from store.sqlite import engine
from store.sqlite.segment_file import Transaction

FILE = "exports.sqlite"
VERSION = 1
PAGE_BYTES = 4096
SCHEMA = "CREATE TABLE exports (name TEXT PRIMARY KEY, point BLOB NOT NULL) STRICT"

_encode = msgspec.msgpack.Encoder().encode
_point = msgspec.msgpack.Decoder(ExportPoint)


class SqliteExportPoints:
    """:class:`store.ports.ExportPoints` in the directory *directory*."""

    def __init__(self, directory: Path, *, read_only: bool = False) -> None:
        self._path = directory / FILE
        self._read_only = read_only
        self._worker = engine.Worker(directory, "exports")
        self._connection: sqlite3.Connection | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._worker.run(self._close)
        self._worker.stop()

    async def load(self, name: str) -> ExportPoint | None:
        return await self._worker.run(self._load, name)

    async def save(self, point: ExportPoint, *, after: ExportPoint | None) -> None:
        if self._read_only:
            raise LogRefused(f"{self._path} was opened for reading only")
        await self._worker.run(self._save, point, after)

    # Below: in the worker thread.

    def _open(self) -> sqlite3.Connection | None:
        """Return the database, made when it is first written; None while it is not there."""
        if self._connection is None:
            if not self._path.exists():
                if self._read_only:
                    return None
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                engine.create(self._path, schema=SCHEMA, version=VERSION, page_bytes=PAGE_BYTES)
            self._connection = engine.connect(self._path, read_only=self._read_only)
        return self._connection

    def _load(self, name: str) -> ExportPoint | None:
        return None if (database := self._open()) is None else _held(database, name)

    def _save(self, point: ExportPoint, after: ExportPoint | None) -> None:
        database = self._open()
        assert database is not None
        with Transaction(database):
            if _held(database, point.name) not in (after, point):
                raise Fenced(f"another exporter sends {point.name}")
            row = (point.name, _encode(point))
            database.execute("INSERT OR REPLACE INTO exports VALUES (?, ?)", row)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _held(database: sqlite3.Connection, name: str) -> ExportPoint | None:
    row = database.execute("SELECT point FROM exports WHERE name = ?", (name,)).fetchone()
    return None if row is None else _point.decode(row[0])
