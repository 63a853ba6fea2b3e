"""The log of blocks against a row per event: append with an fsync for each commit, replay, and stored bytes.

The baseline is what one would write without blocks: a table with one row per event, the same MessagePack content, the
same number of events in each transaction, the same ``synchronous=FULL``.
"""

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from bench.measure import Timed, timed
from bench.traffic import body, pairs
from events.block import Block, head_of, open_block, seal, start_of_log
from events.facts import Envelope, MessagePublished
from events.values import decode_extension, encode_extension
from store.sqlite.log import SqliteEventLog

EVENTS = 200_000
BODY_BYTES = 300
_encode = msgspec.msgpack.Encoder(enc_hook=encode_extension).encode
_decode = msgspec.msgpack.Decoder(Envelope, ext_hook=decode_extension).decode


def sealed(events: int, size: int) -> list[Block]:
    """Return *events* envelopes and their bodies as blocks of *size*."""
    head, blocks, stream = start_of_log("main", "00" * 8), [], pairs(events)
    while envelopes := list(islice(stream, size)):
        bodies = [
            body(each.position, BODY_BYTES)
            for each in envelopes
            if isinstance(each.fact, MessagePublished)
        ]
        blocks.append(seal(envelopes, bodies, head, epoch=1, segment=0))
        head = head_of(blocks[-1])
    return blocks


def stored_bytes(directory: Path) -> int:
    """Return the size of all files under *directory*."""
    return sum(each.stat().st_size for each in directory.rglob("*") if each.is_file())


def append_blocks(size: str, events: str = str(EVENTS)) -> Timed:
    """Append blocks of *size* events, one after another."""
    blocks = sealed(int(events), int(size))

    async def write(directory: Path) -> None:
        async with SqliteEventLog(directory) as log:
            for block in blocks:
                await log.append(block)

    with tempfile.TemporaryDirectory() as folder:
        result = timed(int(events), lambda: asyncio.run(write(Path(folder))))
        result.extra["bytes_per_event"] = round(stored_bytes(Path(folder)) / int(events), 1)
        return result


def append_rows(size: str, events: str = str(EVENTS)) -> Timed:
    """Insert one row per event and one per body, *size* events in each transaction."""
    rows = [
        (each.position, _encode(each), body(each.position, BODY_BYTES))
        for each in pairs(int(events))
    ]
    with tempfile.TemporaryDirectory() as folder:
        result = timed(int(events), lambda: _insert(Path(folder) / "rows.db", rows, int(size)))
        result.extra["bytes_per_event"] = round(stored_bytes(Path(folder)) / int(events), 1)
        return result


def _insert(path: Path, rows: list[tuple[int, bytes, bytes]], size: int) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE events (position INTEGER PRIMARY KEY, envelope BLOB);"
        "CREATE TABLE bodies (position INTEGER PRIMARY KEY, body BLOB);"
    )
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO events VALUES (?, ?)", [row[:2] for row in part])
        publishes = [(row[0], row[2]) for row in part if row[0] % 2 == 0]
        database.executemany("INSERT INTO bodies VALUES (?, ?)", publishes)
        database.execute("COMMIT")
    database.close()


def replay_blocks(size: str, events: str = str(EVENTS)) -> Timed:
    """Read and open blocks of *size* events, digests checked, into typed facts."""
    blocks = sealed(int(events), int(size))

    async def write(directory: Path) -> None:
        async with SqliteEventLog(directory) as log:
            for block in blocks:
                await log.append(block)

    async def read(directory: Path) -> None:
        async with SqliteEventLog(directory, read_only=True) as log:
            count, previous = 0, None
            async for block in log.blocks(start=0):
                count += len(open_block(block, expect=previous))
                previous = block.digest
            if count != int(events):
                raise RuntimeError(f"{count} events came back")

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(write(Path(folder)))
        return timed(int(events), lambda: asyncio.run(read(Path(folder))))


def replay_rows(size: str, events: str = str(EVENTS)) -> Timed:
    """Read one row per event into typed facts."""
    rows = [(each.position, _encode(each), b"") for each in pairs(int(events))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.db"
        _insert(path, rows, int(size))

        def read() -> None:
            database = sqlite3.connect(path)
            found = database.execute("SELECT envelope FROM events ORDER BY position")
            count = sum(1 for row in found if _decode(row[0]))
            database.close()
            if count != int(events):
                raise RuntimeError(f"{count} events came back")

        return timed(int(events), read)


def append_lines(size: str, events: str = str(EVENTS)) -> Timed:
    """Append one line of JSON per event, body included, with an fsync every *size* events."""
    lines = list(_lines(int(events)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        result = timed(int(events), lambda: _write_lines(path, lines, int(size)))
        result.extra["bytes_per_event"] = round(stored_bytes(Path(folder)) / int(events), 1)
        return result


def replay_lines(size: str, events: str = str(EVENTS)) -> Timed:
    """Read the lines into typed facts."""
    decode = msgspec.json.Decoder(tuple[Envelope, str]).decode
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        _write_lines(path, list(_lines(int(events))), int(size))

        def read() -> None:
            with path.open("rb") as file:
                count = sum(1 for line in file if decode(line))
            if count != int(events):
                raise RuntimeError(f"{count} events came back")

        return timed(int(events), read)


def _lines(events: int) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    for each in pairs(events):
        text = body(each.position, BODY_BYTES).decode() if each.position % 2 == 0 else ""
        yield encode((each, text)) + b"\n"


def _write_lines(path: Path, lines: list[bytes], size: int) -> None:
    with path.open("ab", buffering=0) as file:
        for start in range(0, len(lines), size):
            file.write(b"".join(lines[start : start + size]))
            os.fsync(file.fileno())
