"""One segment of the log as one database file: blocks, their bodies, and a head record.

The head record is written in the transaction of the append and authenticated with the store's key, so that blocks cut
off the end, or a whole last segment removed, are noticed. All calls block; they belong into the adapter's thread.
"""

import hmac
import sqlite3
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import msgspec

from events.block import Block, BlockHead, BlockHeader, head_of
from events.identity import key_id
from store.errors import LogDamaged, LogRefused
from store.ports import Segment
from store.sqlite import engine

VERSION = 1
PAGE_BYTES = 16_384
READ_BLOCKS_MAX = 32

SCHEMA = """
CREATE TABLE blocks (
    number INTEGER PRIMARY KEY,
    first_position INTEGER NOT NULL UNIQUE,
    first_observed_at INTEGER NOT NULL,
    header BLOB NOT NULL,
    digest BLOB NOT NULL,
    envelopes BLOB NOT NULL
) STRICT;
CREATE INDEX blocks_by_time ON blocks (number, first_observed_at);
CREATE TABLE bodies (
    number INTEGER PRIMARY KEY,
    compressed BLOB NOT NULL
) STRICT;
CREATE TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    record BLOB NOT NULL,
    seal BLOB NOT NULL
) STRICT
"""

_header = msgspec.msgpack.Decoder(BlockHeader)


class HeadRecord(msgspec.Struct, frozen=True, array_like=True):
    """What the segment must contain. Bytes as stored, times in ns; `closed`: a later segment follows."""

    segment: int
    first_block: int
    number: int
    digest: bytes
    envelope_bytes: int
    body_bytes: int
    first_observed_at: int
    last_observed_at: int
    closed: bool
    has_bodies: bool
    key_id: str


class Tail(NamedTuple):
    """The end of a segment as one read found it: the record as stored and decoded, and the last block's head."""

    stored: bytes
    record: HeadRecord
    head: BlockHead


_record = msgspec.msgpack.Decoder(HeadRecord)


def _seal(key: bytes, stored: bytes) -> bytes:
    return blake2b(stored, digest_size=32, key=key, person=b"hoptrail-head").digest()


def _is_sealed(key: bytes | None, stored: bytes, seal: bytes) -> bool:
    return key is not None and hmac.compare_digest(_seal(key, stored), seal)


def after(record: HeadRecord | None, block: Block, key: bytes) -> HeadRecord:
    """Return the record of the segment once *block* stands at its end."""
    header = block.header
    return HeadRecord(
        segment=header.segment,
        first_block=record.first_block if record else header.number,
        number=header.number,
        digest=block.digest,
        envelope_bytes=(record.envelope_bytes if record else 0) + len(block.envelopes),
        body_bytes=(record.body_bytes if record else 0) + len(block.bodies),
        first_observed_at=record.first_observed_at if record else header.first_observed_at,
        last_observed_at=header.last_observed_at,
        closed=False,
        has_bodies=True,
        key_id=key_id(key),
    )


class SegmentFile:
    """An open segment file."""

    def __init__(self, path: Path, number: int, *, read_only: bool) -> None:
        self.path = path
        self.number = number
        self.connection = engine.connect(path, read_only=read_only)
        try:
            self._check_format()
        except BaseException:
            self.connection.close()
            raise

    def _check_format(self) -> None:
        (application,) = self.connection.execute("PRAGMA application_id").fetchone()
        (version,) = self.connection.execute("PRAGMA user_version").fetchone()
        if application != engine.APPLICATION_ID:
            raise LogDamaged(f"{self.path} is no segment of a hoptrail log")
        if version > VERSION:
            raise LogRefused(f"{self.path} was written by a newer hoptrail")

    def record(self) -> HeadRecord | None:
        """Return the head record as it stands, unchecked; None when nothing was ever appended."""
        row = self.connection.execute("SELECT record FROM head").fetchone()
        if row is not None:
            return self._decoded(row[0])
        if self.connection.execute("SELECT 1 FROM blocks LIMIT 1").fetchone():
            raise LogDamaged(f"segment {self.number}: its head record is missing")
        return None

    def _decoded(self, stored: bytes) -> HeadRecord:
        try:
            record = _record.decode(stored)
        except msgspec.DecodeError as error:
            raise LogDamaged(f"segment {self.number}: its head record cannot be read") from error
        if record.segment != self.number:
            raise LogDamaged(f"segment {self.number}: its head record is that of {record.segment}")
        return record

    def first_block(self) -> int | None:
        """Return the number of the first block, also where the head record cannot tell it; None when empty."""
        try:
            record = self.record()
        except LogDamaged:
            return self.connection.execute("SELECT min(number) FROM blocks").fetchone()[0]
        return None if record is None else record.first_block

    def tail(self, key: bytes | None, known: Tail | None = None) -> Tail | None:
        """Return the end of the segment; *known* again, unread, when it has not changed. None when it is empty.

        Raises:
            LogDamaged: the last block is not the one that the head record names, or the record was not made here.
        """
        row = self.connection.execute("SELECT record, seal FROM head").fetchone()
        if row is None:
            self.record()
            return None
        stored, seal = row
        if known is not None and known.stored == stored:
            return known
        record = self._decoded(stored)
        checkable = key is not None and record.key_id == key_id(key)
        if checkable and not _is_sealed(key, stored, seal):
            raise LogDamaged(f"segment {self.number}: its head record was not made here")
        block = self.block(record.number)
        if block is None:
            raise LogDamaged(f"block {record.number} is missing: the tail of the log was removed")
        if block.digest != record.digest:
            raise LogDamaged(f"block {record.number} is not the one that the head record names")
        return Tail(stored, record, head_of(block))

    def write_block(self, block: Block) -> None:
        header = block.header
        self.connection.execute(
            "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)",
            (
                header.number,
                header.first_position,
                header.first_observed_at,
                msgspec.msgpack.encode(header),
                block.digest,
                block.envelopes,
            ),
        )
        if block.bodies:
            self.connection.execute(
                "INSERT INTO bodies VALUES (?, ?)", (header.number, block.bodies)
            )

    def write_record(self, record: HeadRecord, key: bytes) -> bytes:
        """Write *record* and return it as stored."""
        stored = msgspec.msgpack.encode(record)
        self.connection.execute(
            "INSERT OR REPLACE INTO head VALUES (0, ?, ?)", (stored, _seal(key, stored))
        )
        return stored

    def block(self, number: int) -> Block | None:
        found = self.read(number, number + 1)
        return found[0] if found else None

    def read(self, start: int, stop: int) -> list[Block]:
        """Return the blocks from *start* to before *stop*, at most ``READ_BLOCKS_MAX`` of them, without bodies."""
        rows = self.connection.execute(
            "SELECT number, header, digest, envelopes FROM blocks"
            " WHERE number >= ? AND number < ? ORDER BY number LIMIT ?",
            (start, stop, READ_BLOCKS_MAX),
        )
        blocks: list[Block] = []
        for number, packed, digest, envelopes in rows:
            try:
                header = _header.decode(packed)
            except msgspec.DecodeError as error:
                raise LogDamaged(f"block {number}: its header cannot be read") from error
            if header.number != number:
                raise LogDamaged(f"block {number}: its header is that of block {header.number}")
            blocks.append(Block(header, digest, envelopes))
        return blocks

    def compressed_bodies(self, number: int) -> bytes | None:
        row = self.connection.execute(
            "SELECT compressed FROM bodies WHERE number = ?", (number,)
        ).fetchone()
        return None if row is None else row[0]

    def block_at(self, position: int) -> int | None:
        row = self.connection.execute(
            "SELECT number, header FROM blocks WHERE first_position <= ?"
            " ORDER BY first_position DESC LIMIT 1",
            (position,),
        ).fetchone()
        if row is None:
            return None
        header = _header.decode(row[1])
        return row[0] if position < header.first_position + header.count else None

    def block_before(self, observed_at: int) -> int | None:
        row = self.connection.execute(
            "SELECT number FROM blocks INDEXED BY blocks_by_time WHERE first_observed_at <= ?"
            " ORDER BY number DESC LIMIT 1",
            (observed_at,),
        ).fetchone()
        return None if row is None else row[0]

    def segment(self) -> Segment | None:
        record = self.record()
        if record is None:
            return None
        return Segment(
            number=record.segment,
            first_block=record.first_block,
            last_block=record.number,
            envelope_bytes=record.envelope_bytes,
            body_bytes=record.body_bytes,
            first_observed_at=record.first_observed_at,
            last_observed_at=record.last_observed_at,
            has_bodies=record.has_bodies,
        )

    def drop_bodies(self, key: bytes) -> None:
        """Delete the bodies, remember that they were dropped, and give their space back."""
        with Transaction(self.connection):
            record = self.record()
            if record is None:
                return
            self.connection.execute("DELETE FROM bodies")
            self.write_record(msgspec.structs.replace(record, has_bodies=False, body_bytes=0), key)
        self.connection.execute("VACUUM")
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self.connection.close()


class Transaction:
    """Hold the database's write lock; commit at the end, roll back on any error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None:
            try:
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                self._roll_back()
                raise
        else:
            self._roll_back()

    def _roll_back(self) -> None:
        # SQLite has rolled back by itself after a full disk or an I/O error.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
