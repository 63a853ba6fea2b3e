"""The projection over the embedded store, from several processes at once."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any

import msgspec
import pytest

from events.facts import Envelope
from projector.answering import Answers
from projector.live import LiveProjection
from projector.projection import Projection
from projector.proof import prove
from projector.runner import Pace, Projector
from store.documents import MessageDocument
from store.ports import Sort
from store.query import MatchAll
from store.sqlite.index import SqliteMessageIndex
from store.sqlite.log import SqliteEventLog
from store.sqlite.snapshots import SqliteSnapshotStore
from tests.support.histories import START_NS, long_history
from tests.support.logs import STREAM, fill

ROOT = Path(__file__).parents[2]
HISTORY = long_history(21, 3000)
TIMEOUT_S = 120.0
PACE = Pace(save_events=200, snapshot_events=400, snapshot_interval_s=3600.0, poll_s=0.01)
NOW_NS = 1_900_000_000_000_000_000
PROVE = """
import asyncio, json, sys
from pathlib import Path
from projector.proof import prove
from store.sqlite.log import SqliteEventLog
from store.sqlite.snapshots import SqliteSnapshotStore

async def main(directory):
    async with SqliteEventLog(directory, read_only=True) as log:
        async with SqliteSnapshotStore(directory, read_only=True) as snapshots:
            proof = await prove(log, snapshots, "main")
    kinds = [[c.kind, list(c.differing), c.skipped] for c in proof.comparisons]
    print(json.dumps([proof.digests, kinds]))

asyncio.run(main(Path(sys.argv[1])))
"""

LIVE = """
import asyncio, json, sys
from pathlib import Path
from projector.live import LiveProjection
from store.sqlite.log import SqliteEventLog
from store.sqlite.snapshots import SqliteSnapshotStore

async def main(directory, position):
    async with (
        SqliteEventLog(directory, read_only=True) as log,
        SqliteSnapshotStore(directory, read_only=True) as snapshots,
        LiveProjection(log, snapshots, "main", poll_s=0.01) as live,
    ):
        await live.until(1)
        print(live.position, flush=True)
        await live.until(position)
        print(json.dumps(await live.digests()))

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""
REBUILD = """
import asyncio, json, sys, time
from pathlib import Path
from projector.proof import prove
from projector.runner import rebuild
from store.sqlite.index import SqliteMessageIndex
from store.sqlite.log import SqliteEventLog
from store.sqlite.snapshots import SqliteSnapshotStore

async def main(directory):
    async with (
        SqliteEventLog(directory, read_only=True) as log,
        SqliteMessageIndex(directory) as index,
        SqliteSnapshotStore(directory) as snapshots,
    ):
        await rebuild(log, index, snapshots, "main", monotonic=time.monotonic)
        proof = await prove(log, snapshots, "main")
    assert proof.holds and any(each.kind == "saved" for each in proof.comparisons)
    print(json.dumps(proof.digests))

asyncio.run(main(Path(sys.argv[1])))
"""


@asynccontextmanager
async def started(
    program: str, *arguments: object, seed: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run *program* in a process with hash seed *seed*, which does not outlive the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        *map(str, arguments),
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def finished(process: asyncio.subprocess.Process) -> Any:
    """Return what the last line a process printed says."""
    told, _ = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    assert process.returncode == 0
    return json.loads(told.splitlines()[-1])


def drop_all_but_the_log(directory: Path) -> None:
    """Delete the files of index and snapshots."""
    rmtree(directory / "snapshots")
    for path in directory.glob("index.db*"):
        path.unlink()


async def documents(directory: Path) -> list[MessageDocument | None]:
    """Return what the index on disk says of every position."""
    async with SqliteMessageIndex(directory) as index:
        return [await index.get(f"{STREAM}-{position}") for position in range(len(HISTORY))]


async def projected(directory: Path, *, until: int) -> None:
    """Fill the log in *directory* up to position *until* and project it."""
    async with AsyncExitStack() as opened:
        log = await opened.enter_async_context(SqliteEventLog(directory))
        head = await log.head()
        done = 0 if head is None else head.next_position
        await fill(log, HISTORY[done:until], sizes=(90, 31))
        index = await opened.enter_async_context(SqliteMessageIndex(directory))
        snapshots = await opened.enter_async_context(SqliteSnapshotStore(directory))
        running = Projector(log, index, snapshots, STREAM, monotonic=time.monotonic, pace=PACE)
        await asyncio.wait_for(running.run(asyncio.Event(), until_head=True), TIMEOUT_S)


@pytest.fixture
async def directory(tmp_path: Path) -> Path:
    """A store whose projector ran twice."""
    await projected(tmp_path, until=len(HISTORY) // 2)
    await projected(tmp_path, until=len(HISTORY))
    return tmp_path


async def test_the_index_on_disk_holds_every_message(directory: Path) -> None:
    """The embedded index gives back each document as the linker made it."""
    projection = Projection(STREAM)
    projection.fold.fold(HISTORY)
    linker = projection.linker
    expected = {message.position: linker.document(message) for message in linker.take_changed()}
    async with SqliteMessageIndex(directory) as index:
        page = await index.search(MatchAll(), sort=Sort(), limit=1, now_ns=NOW_NS, exact_total=True)
        found = {position: await index.get(f"{STREAM}-{position}") for position in expected}

    assert page.total == len(expected)
    assert found == expected


@pytest.mark.parametrize("seed", ["0", "17"])
async def test_every_way_gives_one_state_in_every_process(directory: Path, seed: str) -> None:
    """From zero, from snapshots and live, in processes with different hash seeds, all digests are equal."""
    async with started(PROVE, directory, seed=seed) as process:
        digests, comparisons = await finished(process)
    async with SqliteEventLog(directory, read_only=True) as log:
        here = await prove(log, None, STREAM)

    assert digests == here.digests
    assert [kind for kind, _, _ in comparisons].count("saved") >= 2
    assert comparisons[-1][0] == "resumed"
    assert all(not differing and skipped is None for _, differing, skipped in comparisons)


@pytest.mark.parametrize("seed", ["1", "99"])
async def test_a_live_process_comes_to_the_same_digests(tmp_path: Path, seed: str) -> None:
    """A process that follows the log while another one writes it stands where a replay from zero stands."""
    await projected(tmp_path, until=len(HISTORY) // 2)
    async with started(LIVE, tmp_path, len(HISTORY), seed=seed) as process:
        assert process.stdout is not None
        caught_up = await asyncio.wait_for(process.stdout.readline(), TIMEOUT_S)
        await projected(tmp_path, until=len(HISTORY))
        digests = await finished(process)
    async with SqliteEventLog(tmp_path, read_only=True) as log:
        here = await prove(log, None, STREAM)

    assert 0 < int(caught_up) < len(HISTORY)
    assert digests == here.digests


@pytest.mark.parametrize("seed", ["2", "1234"])
async def test_what_another_process_rebuilds_is_equal(directory: Path, seed: str) -> None:
    """With index and snapshots deleted, a process with another hash seed makes them again: equal in every digest."""
    before = await documents(directory)
    async with SqliteEventLog(directory, read_only=True) as log:
        here = await prove(log, None, STREAM)
    drop_all_but_the_log(directory)
    async with started(REBUILD, directory, seed=seed) as process:
        digests = await finished(process)

    assert digests == here.digests
    assert await documents(directory) == before


async def test_the_serving_process_follows_what_another_connection_appends(directory: Path) -> None:
    """Live views see blocks appended through another opening of the log, and answer like a fold."""
    more = long_history(22, 400)
    async with AsyncExitStack() as opened:
        reader = await opened.enter_async_context(SqliteEventLog(directory, read_only=True))
        snapshots = await opened.enter_async_context(SqliteSnapshotStore(directory, read_only=True))
        live = await opened.enter_async_context(
            LiveProjection(reader, snapshots, STREAM, poll_s=0.01)
        )
        writer = await opened.enter_async_context(SqliteEventLog(directory))
        await asyncio.wait_for(live.until(len(HISTORY)), TIMEOUT_S)
        later = [_later(envelope) for envelope in more]
        await fill(writer, later, sizes=(50,))
        await asyncio.wait_for(live.until(len(HISTORY) + len(more)), TIMEOUT_S)
        direct = Projection(STREAM)
        direct.fold.fold([*HISTORY, *later])

        assert live.capture() == Answers(direct).capture()
        assert live.relationships() == Answers(direct).relationships()


def _later(envelope: Envelope) -> Envelope:
    """Return *envelope* as it follows `HISTORY`."""
    last = HISTORY[-1]
    return msgspec.structs.replace(
        envelope,
        position=envelope.position + len(HISTORY),
        observed_at=envelope.observed_at - START_NS + last.observed_at,
    )
