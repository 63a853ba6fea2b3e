"""What the SQLite log promises beyond the port: crashes, other processes, full disks, and its files."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from events.block import Block, head_of, open_block
from store.errors import LogDamaged, LogRefused, LogUnavailable
from store.sqlite import engine
from store.sqlite.log import SqliteEventLog
from store.sqlite.segment_file import PAGE_BYTES, SCHEMA, VERSION
from tests.contract.blocks import chain, sealed, start

WAIT_S_MAX = 30
DISK_BYTES = 2 << 20
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def writer(
    directory: Path, count: int, per_segment: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a writing process; it is killed with signal 9 at the end, if not before."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.contract.writer", str(directory), str(count), str(per_segment),
        cwd=ROOT, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def told(process: asyncio.subprocess.Process) -> int:
    """Return the number of the next block the writer calls durable, -1 at its end."""
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), WAIT_S_MAX)
    return int(line) if line else -1


@pytest.mark.parametrize("per_segment", [1_000_000, 3])
async def test_what_was_appended_survives_a_kill(tmp_path: Path, per_segment: int) -> None:
    """Blocks called durable are there after kill -9, chained, and the next process appends after them."""
    for instant in (1, 2, 5, 9):
        async with writer(tmp_path, 1000, per_segment) as process:
            last = -1
            for _ in range(instant):
                last = await told(process)
            process.kill()
        async with SqliteEventLog(tmp_path, read_only=True) as log:
            blocks = [block async for block in log.blocks(start=0)]
        assert blocks[-1].number >= last
        previous = bytes(32)
        for block in blocks:
            open_block(block, expect=previous)
            previous = block.digest


async def test_a_reader_in_another_process_sees_the_head_move(tmp_path: Path) -> None:
    """A read-only log opened before its directory exists follows a writer in another process, block by block."""
    async with SqliteEventLog(tmp_path / "later", read_only=True) as log:
        assert await log.head() is None
        async with writer(tmp_path / "later", 8, 3) as process:
            while (number := await told(process)) >= 0:
                head = await log.head()
                assert (head.number if head else -1) >= number
        assert len([block async for block in log.blocks(start=0)]) == 8


async def test_two_processes_keep_one_chain(tmp_path: Path) -> None:
    """Two writing processes at once: each number is told durable by one of them only, the other is fenced."""
    async with writer(tmp_path, 40, 5) as one, writer(tmp_path, 40, 5) as two:
        numbers: list[int] = []
        for process in (one, two):
            while (number := await told(process)) >= 0:
                numbers.append(number)

    assert len(numbers) == len(set(numbers))
    async with SqliteEventLog(tmp_path, read_only=True) as log:
        assert sorted(numbers) == [block.number async for block in log.blocks(start=0)]


async def test_a_full_disk_refuses_and_space_lets_it_go_on(
    small_disk: Callable[[int], Path],
) -> None:
    """With the disk full the append is refused, all before stays readable, and with space it is taken."""
    disk = small_disk(DISK_BYTES)
    async with SqliteEventLog(disk / "data") as log:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(DISK_BYTES // 2))
        refused = await _append_until_refused(log)

        head = await log.head()
        assert head is not None
        assert head.number == refused.number - 1
        assert len([block async for block in log.blocks(start=0)]) == refused.number

        ballast.unlink()
        await log.append(refused)

        assert await log.head() == head_of(refused)


async def _append_until_refused(log: SqliteEventLog) -> Block:
    block = sealed(start())
    while block.number < DISK_BYTES:
        try:
            await log.append(block)
        except LogRefused:
            return block
        block = sealed(head_of(block), bodies=[os.urandom(20_000)])
    raise AssertionError("the disk never became full")


async def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A path through a file is a refusal, which tells the path, not a retry."""
    (tmp_path / "file").write_text("")

    with pytest.raises(LogRefused, match="file"):
        async with SqliteEventLog(tmp_path / "file" / "data"):
            pass


async def test_a_read_only_log_writes_nothing(tmp_path: Path) -> None:
    """A log opened for reading refuses to append and to drop, and has no key to give before a writer made one."""
    async with SqliteEventLog(tmp_path / "data", read_only=True) as log:
        with pytest.raises(LogRefused):
            await log.append(sealed(start()))
        with pytest.raises(LogRefused):
            await log.drop_segment(0)
        with pytest.raises(LogUnavailable):
            await log.fingerprint_key()

    assert not (tmp_path / "data").exists()


async def test_only_the_owner_may_read_the_key(tmp_path: Path) -> None:
    """The key file has mode 0600, whatever the umask."""
    async with SqliteEventLog(tmp_path) as log:
        await log.fingerprint_key()

    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


async def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    """A damaged key file is refused and left as it is, never replaced by a new key."""
    (tmp_path / "key").write_text("not a key")

    async with SqliteEventLog(tmp_path) as log:
        with pytest.raises(LogRefused, match="no key"):
            await log.append(sealed(start()))

    assert (tmp_path / "key").read_text() == "not a key"


async def test_directories_may_have_any_name(tmp_path: Path) -> None:
    """Characters that mean something in a URI do not matter in the path."""
    async with SqliteEventLog(tmp_path / "a?b#c %20 ü") as log:
        await log.append(sealed(start()))

        assert (await log.block(0)) is not None
    assert (tmp_path / "a?b#c %20 ü" / "log" / "segment-000000.db").exists()


async def test_a_removed_last_segment_is_damage(tmp_path: Path) -> None:
    """When the file of the last segment is gone, the head is not silently that of the one before."""
    async with SqliteEventLog(tmp_path) as log:
        for block in chain(5, blocks_per_segment=2):
            await log.append(block)
    (tmp_path / "log" / "segment-000002.db").unlink()

    async with SqliteEventLog(tmp_path) as log:
        with pytest.raises(LogDamaged, match="segment 2 is missing"):
            await log.head()


async def test_a_crash_while_a_segment_is_opened_heals(tmp_path: Path) -> None:
    """A next segment that was created but never written to is used by the next append."""
    blocks = list(chain(3, blocks_per_segment=2))
    async with SqliteEventLog(tmp_path) as log:
        for block in blocks[:2]:
            await log.append(block)
    engine.create(
        tmp_path / "log" / "segment-000001.db",
        schema=SCHEMA,
        version=VERSION,
        page_bytes=PAGE_BYTES,
    )

    async with SqliteEventLog(tmp_path) as log:
        assert await log.head() == head_of(blocks[1])
        await log.append(blocks[2])
        assert await log.head() == head_of(blocks[2])
