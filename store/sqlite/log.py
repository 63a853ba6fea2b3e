"""The event log on SQLite: ``DIR/log/segment-NNNNNN.db``, one database per segment, and ``DIR/key``.

An append is one transaction, synchronised with the disk before it returns, so it survives a kill and a power cut.
Of several writers, also in several processes, one wins a number and the others are fenced.
Readers in other processes see a block as soon as it is appended.
A read-only log whose directory does not exist yet is an empty log, until it exists.
"""

import os
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from events.block import Block, BlockDamaged, BlockHead, head_of, open_bodies
from events.identity import KEY_BYTES
from store.append import refusal, refusal_to_begin
from store.errors import Fenced, LogDamaged, LogRefused, LogUnavailable
from store.ports import Segment
from store.sqlite import engine, segment_file
from store.sqlite.key import make_key, read_key
from store.sqlite.segment_file import SegmentFile, Tail, Transaction

OPEN_FILES_MAX = 6

_NAME = re.compile(r"segment-(\d{6,})\.db")


class SqliteEventLog:
    """An :class:`store.ports.EventLog` in the directory *directory*."""

    def __init__(self, directory: Path, *, read_only: bool = False) -> None:
        self._directory = directory
        self._segments = directory / "log"
        self._read_only = read_only
        self._worker = engine.Worker(directory, "log")
        self._open: dict[int, SegmentFile] = {}
        self._key: bytes | None = None
        self._tail: Tail | None = None
        self._firsts: dict[int, int] = {}
        self._checked_segment: int | None = None

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
        try:
            await self._worker.run(self._close_files)
        finally:
            self._worker.stop()

    async def append(self, block: Block) -> None:
        self._require_writing()
        await self._worker.run(self._write, self._append_once, block)

    async def begin(self, block: Block) -> None:
        self._require_writing()
        await self._worker.run(self._write, self._begin_once, block)

    async def head(self) -> BlockHead | None:
        return await self._worker.run(self._head)

    async def block(self, number: int) -> Block | None:
        return await self._worker.run(self._block, number)

    async def bodies(self, number: int) -> Sequence[bytes] | None:
        return await self._worker.run(self._bodies, number)

    async def blocks(self, *, start: int, stop: int | None = None) -> AsyncIterator[Block]:
        head = await self.head()
        if head is None:
            return
        end = head.number + 1 if stop is None else min(head.number + 1, stop)
        number = max(start, await self.first())
        while number < end:
            found = await self._worker.run(self._read, number, end)
            for block in found:
                if block.number != number:
                    raise LogDamaged(f"block {number} is missing")
                yield block
                number += 1
            if not found:
                raise LogDamaged(f"block {number} is missing")

    async def block_at(self, position: int) -> int | None:
        return await self._worker.run(self._find, "block_at", position)

    async def block_before(self, observed_at: int) -> int | None:
        return await self._worker.run(self._find, "block_before", observed_at)

    async def first(self) -> int:
        return await self._worker.run(self._first)

    async def segments(self) -> Sequence[Segment]:
        return await self._worker.run(self._stats)

    async def drop_segment(self, number: int, *, bodies_only: bool = False) -> None:
        self._require_writing()
        await self._worker.run(self._drop, number, bodies_only)

    async def fingerprint_key(self) -> bytes:
        return await self._worker.run(self._secret)

    async def adopt_key(self, key: bytes) -> None:
        self._require_writing()
        await self._worker.run(self._adopt, key)

    def _require_writing(self) -> None:
        if self._read_only:
            raise LogRefused(f"{self._directory} was opened for reading only")

    # Below: in the worker thread.

    def _prepare(self) -> None:
        self._segments.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(self._segments, os.W_OK | os.X_OK):
            raise LogRefused(f"{self._segments} cannot be written to")

    def _secret(self) -> bytes:
        if self._key is None:
            path = self._directory / "key"
            self._key = read_key(path) if self._read_only else make_key(path)
        if self._key is None:
            raise LogUnavailable(f"{self._directory} has no key yet; the first writer makes it")
        return self._key

    def _adopt(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise LogRefused(f"a key has {KEY_BYTES} bytes, not {len(key)}")
        if make_key(self._directory / "key", key) != key:
            raise LogRefused(f"{self._directory} has another key")
        self._key = key

    def _numbers(self) -> list[int]:
        """Return the numbers of the segment files, oldest first."""
        try:
            names = [path.name for path in self._segments.iterdir()]
        except FileNotFoundError:
            names = []
        numbers = sorted(int(found[1]) for name in names if (found := _NAME.fullmatch(name)))
        for gone in self._open.keys() - set(numbers):
            self._open.pop(gone).close()
        return numbers

    def _first_of(self, number: int) -> int | None:
        """Return the number of a segment's first block; None when nothing was ever appended to it."""
        if (first := self._firsts.get(number)) is None:
            first = self._file(number).first_block()
            if first is not None:
                self._firsts[number] = first
        return first

    def _path(self, number: int) -> Path:
        return self._segments / f"segment-{number:06}.db"

    def _file(self, number: int) -> SegmentFile:
        file = self._open.pop(number, None)
        if file is None:
            path = self._path(number)
            try:
                file = SegmentFile(path, number, read_only=self._read_only)
            except sqlite3.OperationalError as error:
                if path.exists():
                    raise
                raise LogUnavailable(f"{path} was dropped by retention meanwhile") from error
        self._open[number] = file  # at the end: the files longest unused are closed first
        idle = [key for key, held in self._open.items() if not held.connection.in_transaction]
        for key in idle[: max(0, len(self._open) - OPEN_FILES_MAX)]:
            if key != number:
                self._open.pop(key).close()
        return file

    def _close_files(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def _current(self) -> SegmentFile | None:
        """Return the segment that holds the head; None for an empty log."""
        for number in reversed(self._numbers()):
            if self._first_of(number) is not None:
                return self._file(number)
        return None

    def _containing(self, number: int) -> SegmentFile | None:
        for candidate in reversed(self._numbers()):
            first = self._first_of(candidate)
            if first is not None and first <= number:
                return self._file(candidate)
        return None

    def _tail_of(self, file: SegmentFile) -> Tail | None:
        if self._key is None:
            self._key = read_key(self._directory / "key")
        tail = file.tail(self._key, self._tail)
        if tail is not None and tail.record.closed:
            # Either the next segment was opened since the directory was read, or it is gone.
            if self._path(file.number + 1).exists():
                return self._tail_of(self._file(file.number + 1))
            raise LogDamaged(
                f"segment {file.number + 1} is missing: the tail of the log was removed"
            )
        self._tail = tail
        return tail

    def _head(self) -> BlockHead | None:
        file = self._current()
        tail = None if file is None else self._tail_of(file)
        return None if tail is None else tail.head

    def _write(self, once: Callable[[Block, bytes], bool], block: Block) -> None:
        key = self._secret()
        try:
            while not once(block, key):
                pass
        except BaseException:
            self._close_files()  # begin the next attempt with nothing that this one may have left half done
            raise

    def _append_once(self, block: Block, key: bytes) -> bool:
        """Append *block*; return False when the head moved to another segment meanwhile."""
        file = self._current()
        if file is None:
            file = self._make(0)
        with Transaction(file.connection):
            newest = self._current()
            if newest is not None and newest.number != file.number:
                return False
            tail = self._tail_of(file)
            held = self._block(block.number) if tail else None
            if held is not None and held.digest == block.digest:
                return True
            why = refusal(block, None if tail is None else tail.head, held)
            if why is not None:
                raise Fenced(why)
            if block.header.segment == file.number:
                file.write_block(block)
                record = segment_file.after(tail and tail.record, block, key)
                # Known without reading it again, if the record stands there still when it is asked for.
                self._tail = Tail(file.write_record(record, key), record, head_of(block))
                self._close_predecessor(file.number, key)
                return True
            following = self._open_segment(block, key)
            self._mark_closed(file, key)
        self._checked_segment = following.number
        file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return True

    def _begin_once(self, block: Block, key: bytes) -> bool:
        """Make *block* the first; return False when the log was begun elsewhere meanwhile.

        An empty segment 0 is the lock of all who begin a log, and stays: one who waits for it must find it.
        """
        file = self._current() or self._make(0)
        with Transaction(file.connection):
            newest = self._current()
            if newest is not None and newest.number != file.number:
                return False
            head = self._head()
            held = None if head is None else self._block(block.number)
            if held is not None and held.digest == block.digest:
                return True
            if (why := refusal_to_begin(block, head)) is not None:
                raise Fenced(why)
            if block.header.segment == file.number:
                file.write_block(block)
                file.write_record(segment_file.after(None, block, key), key)
            else:
                self._open_segment(block, key)
        return True

    def _open_segment(self, block: Block, key: bytes) -> SegmentFile:
        """Make *block* the first of its segment."""
        following = self._make(block.header.segment)
        with Transaction(following.connection):
            following.write_block(block)
            following.write_record(segment_file.after(None, block, key), key)
        return following

    def _make(self, number: int) -> SegmentFile:
        path = self._path(number)
        if not path.exists():
            engine.create(
                path,
                schema=segment_file.SCHEMA,
                version=segment_file.VERSION,
                page_bytes=segment_file.PAGE_BYTES,
            )
        return self._file(number)

    def _close_predecessor(self, number: int, key: bytes) -> None:
        # A crash may have come between the first block of a segment and the mark on the one before it.
        if self._checked_segment == number:
            return
        if self._path(number - 1).exists():
            before = self._file(number - 1)
            record = before.record()
            if record is not None and not record.closed:
                with Transaction(before.connection):
                    self._mark_closed(before, key)
        self._checked_segment = number

    def _mark_closed(self, file: SegmentFile, key: bytes) -> None:
        record = file.record()
        if record is not None:
            file.write_record(msgspec.structs.replace(record, closed=True), key)

    def _block(self, number: int) -> Block | None:
        file = self._containing(number)
        return None if file is None else file.block(number)

    def _read(self, start: int, stop: int) -> list[Block]:
        file = self._containing(start)
        return [] if file is None else file.read(start, stop)

    def _bodies(self, number: int) -> Sequence[bytes] | None:
        file = self._containing(number)
        block = None if file is None else file.block(number)
        if file is None or block is None:
            return None
        compressed = file.compressed_bodies(number)
        if compressed is None:
            record = file.record()
            if record is not None and not record.has_bodies:
                return None
        try:
            return open_bodies(block.header, compressed or b"")
        except BlockDamaged as error:
            raise LogDamaged(str(error)) from error

    def _find(self, how: str, value: int) -> int | None:
        for number in reversed(self._numbers()):
            file = self._file(number)
            found = file.block_at(value) if how == "block_at" else file.block_before(value)
            if found is not None:
                return found
        return None

    def _first(self) -> int:
        for number in self._numbers():
            if (first := self._first_of(number)) is not None:
                return first
        return 0

    def _stats(self) -> list[Segment]:
        found = [self._file(number).segment() for number in self._numbers()]
        return [segment for segment in found if segment is not None]

    def _drop(self, number: int, bodies_only: bool) -> None:
        numbers = [segment.number for segment in self._stats()]
        if number not in numbers[:-1] or (not bodies_only and number != numbers[0]):
            raise LogRefused(f"segment {number} cannot be removed: it is not the oldest closed one")
        if bodies_only:
            self._file(number).drop_bodies(self._secret())
            return
        if (held := self._open.pop(number, None)) is not None:  # it may have been idle, and closed
            held.close()
        engine.remove(self._path(number))
