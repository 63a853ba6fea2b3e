"""Damage done to a SQLite log behind its back, as a faulty disk or somebody with an editor would."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from events.block import Block


@contextmanager
def edited(directory: Path, segment: int = 0) -> Iterator[sqlite3.Connection]:
    """Open a segment's database behind the log's back."""
    path = directory / "log" / f"segment-{segment:06}.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection


def flip(blob: bytes, at: int) -> bytes:
    """Return *blob* with one bit changed in its byte *at*."""
    return blob[:at] + bytes([blob[at] ^ 0x01]) + blob[at + 1 :]


def flipped(directory: Path, table: str, column: str, number: int, place: float) -> None:
    """Flip one bit in a stored value, at *place* (0 to 1) of its length."""
    with edited(directory) as db:
        (blob,) = db.execute(f"SELECT {column} FROM {table} WHERE number = ?", (number,)).fetchone()
        changed = flip(blob, int(place * (len(blob) - 1)))
        db.execute(f"UPDATE {table} SET {column} = ? WHERE number = ?", (changed, number))


def exchanged(directory: Path, table: str, one: int, other: int) -> None:
    """Exchange two rows of *table* under each other's number."""
    with edited(directory) as db:
        db.executescript(
            f"UPDATE {table} SET number = -1 WHERE number = {one};"
            f"UPDATE {table} SET number = {one} WHERE number = {other};"
            f"UPDATE {table} SET number = {other} WHERE number = -1;"
        )


def replaced(directory: Path, block: Block) -> None:
    """Put *block* in the place of the one of its number."""
    with edited(directory) as db:
        db.execute(
            "UPDATE blocks SET header = ?, digest = ?, envelopes = ? WHERE number = ?",
            (msgspec.msgpack.encode(block.header), block.digest, block.envelopes, block.number),
        )


def cut(directory: Path, after: int) -> None:
    """Remove every block behind *after*, with its bodies."""
    with edited(directory) as db:
        db.execute("DELETE FROM blocks WHERE number > ?", (after,))
        db.execute("DELETE FROM bodies WHERE number > ?", (after,))
