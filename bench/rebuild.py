"""A rebuild from zero on SQLite: a million events read, opened and folded, against reading and opening alone."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.fold_input import packed_blocks
from bench.measure import Timed, timed
from events.block import open_block, seal, start_of_log
from events.upcast import decode
from projector.projection import Projection
from projector.replay import replay
from projector.runner import rebuild
from store.ports import EventLog
from store.sqlite.index import SqliteMessageIndex
from store.sqlite.log import SqliteEventLog

EVENTS = 1_000_000


async def write(directory: Path, events: int) -> None:
    """Append the fold's input to a log in *directory*."""
    async with SqliteEventLog(directory) as log:
        head = start_of_log("main", "00" * 8)
        for packed in packed_blocks(events):
            block = seal(decode(packed), (), head, epoch=1, segment=0)
            await log.append(block)
            head = await log.head() or head


async def fold_log(log: EventLog) -> int:
    """Fold the whole log; return the position reached."""
    projection = Projection("main")
    await replay(log, projection)
    return projection.position


async def open_log(log: EventLog) -> int:
    """Open every block, digests checked; return the position reached."""
    position, previous = 0, None
    async for block in log.blocks(start=0):
        position += len(open_block(block, expect=previous))
        previous = block.digest
    return position


def with_index(events: str = str(EVENTS)) -> Timed:
    """Delete the index and make it again from zero, with linker and views."""

    async def work(directory: Path) -> int:
        async with (
            SqliteEventLog(directory, read_only=True) as log,
            SqliteMessageIndex(directory) as index,
        ):
            return await rebuild(log, index, None, "main", monotonic=time.monotonic)

    return _measured(work, int(events))


def from_zero(events: str = str(EVENTS)) -> Timed:
    """Rebuild linker and views from zero."""
    return _measured(_of_log(fold_log), int(events))


def read_only(events: str = str(EVENTS)) -> Timed:
    """Read and open the same log."""
    return _measured(_of_log(open_log), int(events))


Work = Callable[[Path], Awaitable[int]]


def _of_log(work: Callable[[EventLog], Awaitable[int]]) -> Work:
    async def opened(directory: Path) -> int:
        async with SqliteEventLog(directory, read_only=True) as log:
            return await work(log)

    return opened


def _measured(work: Work, events: int) -> Timed:
    async def run(directory: Path) -> None:
        reached = await work(directory)
        if reached < events:
            raise RuntimeError(f"{reached} of {events} events")

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(write(Path(folder), events))
        return timed(events, lambda: asyncio.run(run(Path(folder))))
