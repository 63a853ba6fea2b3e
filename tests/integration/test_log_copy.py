"""``hoptrail log copy``: a log in another store, whole, or a clear refusal; never a password on the terminal."""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from events.block import Block, head_of
from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.log import ElasticEventLog
from store.ports import EventLog
from store.sqlite.log import SqliteEventLog
from tests.contract.blocks import chain, sealed, start
from tests.support.damage import flipped
from tests.support.elastic_fixtures import forget
from tests.support.elastic_server import ElasticServer
from tests.support.wait import wait_until

EXECUTABLE = Path(sys.executable).with_name("hoptrail")
RUN_S_MAX = 120
COPIED_S_MAX = 60
BLOCKS = 9
MANY = 600
KEPT_ENVIRONMENT = {name: v for name, v in os.environ.items() if not name.startswith("HOPTRAIL")}

Told = list[tuple[Block, list[bytes] | None]]


async def _write(directory: Path, count: int, epoch: int) -> list[Block]:
    async with SqliteEventLog(directory) as log:
        key = await log.fingerprint_key()
        made = chain(count, after=start(key), key=key, epoch=epoch, blocks_per_segment=3)
        blocks = list(made) if count <= BLOCKS else list(chain(count, after=start(key), key=key))
        for block in blocks:
            await log.append(block)
    return blocks


def written(directory: Path, count: int = BLOCKS, epoch: int = 1) -> list[Block]:
    """Write a log of *count* blocks into *directory* and return them."""
    return asyncio.run(_write(directory, count, epoch))


async def _held(log: EventLog) -> tuple[Told, bytes]:
    async with log:
        found: Told = []
        async for block in log.blocks(start=0):
            bodies = await log.bodies(block.number)
            found.append((block, None if bodies is None else list(bodies)))
        return found, await log.fingerprint_key()


def held(directory: Path) -> tuple[Told, bytes]:
    """Return everything that a log holds, and its key."""
    return asyncio.run(_held(SqliteEventLog(directory, read_only=True)))


def head_number(directory: Path) -> int:
    """Return the number of the head; -1 while there is none."""

    async def ask() -> int:
        async with SqliteEventLog(directory, read_only=True) as log:
            head = await log.head()
            return -1 if head is None else head.number

    return asyncio.run(ask())


def at(directory: Path) -> str:
    return f"sqlite:///{directory}"


def copy(
    *arguments: str, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``hoptrail log copy``."""
    return subprocess.run(
        [EXECUTABLE, "log", "copy", *arguments],
        env=KEPT_ENVIRONMENT | dict(settings or {}),
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target"


def test_a_log_is_copied_whole(source: Path, target: Path) -> None:
    """Blocks, bodies and key are those of the source; a second copy finds nothing to do; both tell what they did."""
    blocks = written(source)

    first = copy(at(source), at(target))
    again = copy(at(source), at(target), "--json")

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert f"{BLOCKS} blocks with {2 * BLOCKS} bodies copied" in first.stdout
    assert blocks[-1].digest.hex() in first.stdout
    assert held(target) == held(source)
    told = json.loads(again.stdout)
    assert (told["blocks_copied"], told["blocks_there"]) == (0, BLOCKS)
    assert (told["head_digest"], told["damages"]) == (blocks[-1].digest.hex(), [])


def test_what_retention_left_is_copied(source: Path, target: Path) -> None:
    """A log whose oldest segment and some bodies were dropped is copied as it is."""
    written(source)

    async def shorten() -> None:
        async with SqliteEventLog(source) as log:
            await log.drop_segment(0)
            await log.drop_segment(1, bodies_only=True)

    asyncio.run(shorten())
    done = copy(at(source), at(target))

    assert done.returncode == 0, done.stdout + done.stderr
    assert held(target) == held(source)
    assert held(target)[0][0][1] is None


def test_a_killed_copy_is_gone_on_with(source: Path, target: Path) -> None:
    """After a kill in the middle the next copy goes on behind the last block that is there."""
    written(source, MANY)
    with subprocess.Popen(
        [EXECUTABLE, "log", "copy", at(source), at(target)],
        env=KEPT_ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        wait_until(lambda: head_number(target) >= 5, timeout_s=COPIED_S_MAX)
        running.send_signal(signal.SIGKILL)

    done = copy(at(source), at(target), "--json")

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["blocks_there"] > 5
    assert told["blocks_there"] + told["blocks_copied"] == MANY
    assert held(target) == held(source)


def test_a_damaged_block_ends_the_copy(source: Path, target: Path) -> None:
    """A block whose bytes changed is not copied: exit code 1, and what stands before it is there."""
    blocks = written(source)
    flipped(source, "blocks", "envelopes", 1, 0.5)

    done = copy(at(source), at(target))

    assert done.returncode == 1
    assert "block 1" in done.stderr
    assert [block.digest for block, _ in held(target)[0]] == [blocks[0].digest]


def test_a_body_that_was_exchanged_is_found(source: Path, target: Path) -> None:
    """Bodies that are not what their digests say are found in the copy: exit code 1."""
    blocks = written(source)

    async def falsify() -> None:
        async with SqliteEventLog(source) as log, SqliteEventLog(target) as there:
            key = await log.fingerprint_key()
            await there.adopt_key(key)
            other = sealed(head_of(blocks[0]), bodies=[b"body 1.0", b"body 9.9"], key=key)
            await there.begin(blocks[0])
            wrong = Block(blocks[1].header, blocks[1].digest, blocks[1].envelopes, other.bodies)
            await there.append(wrong)

    asyncio.run(falsify())
    done = copy(at(source), at(target))

    assert done.returncode == 1
    assert "block 1  body" in done.stdout
    assert "not whole" in done.stderr


def test_another_log_is_left_alone(source: Path, target: Path) -> None:
    """A target that holds another log is refused with 2, and nothing in it changes."""
    written(source)
    written(target, count=2, epoch=9)
    before = held(target)

    done = copy(at(source), at(target))

    assert done.returncode == 2
    assert "another log" in done.stderr
    assert held(target) == before


def test_nothing_is_not_copied(source: Path, target: Path) -> None:
    """A source without a log is refused with 2, and no store is made for it; so is a copy onto itself."""
    empty, same = copy(at(source), at(target)), copy(at(source), at(source))

    assert (empty.returncode, same.returncode) == (2, 2)
    assert "empty" in empty.stderr
    assert "same store" in same.stderr
    assert not source.exists()
    assert not target.exists()


@pytest.mark.parametrize(
    "url",
    [
        "https://me:s3cret-word@",
        "ftp://me:s3cret-word@host",
        "https://me:s3cret-word@[host",
        "https://me:s3cret-word@localhost:1",
        "https://me:s3cret-word@localhost:99999",
    ],
)
def test_a_password_is_never_repeated(source: Path, url: str) -> None:
    """Whatever is wrong with a store's URL, and when it cannot be reached, the password in it is not printed."""
    written(source, count=1)

    for arguments in ((at(source), url), (url, at(source))):
        done = copy(*arguments)

        assert done.returncode in (2, 4), done.stderr
        assert done.stderr
        assert "s3cret" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


@pytest.fixture
def elastic_named(elastic: ElasticServer) -> Iterator[ElasticSettings]:
    """Settings for the shared server with a prefix of its own that the command's settings accept."""
    settings = ElasticSettings.of_url(elastic.url, prefix=f"test_{secrets.token_hex(6)}")
    yield settings
    forget(elastic, settings.prefix)


async def test_a_log_moves_to_elasticsearch(
    source: Path, tmp_path: Path, elastic_named: ElasticSettings
) -> None:
    """A SQLite log that retention shortened is copied to Elasticsearch, grows, is copied on, and comes back the same."""
    settings = {"HOPTRAIL_STORE_PREFIX": elastic_named.prefix}
    back = tmp_path / "back"
    blocks = await _write(source, BLOCKS, 1)
    async with SqliteEventLog(source) as log:
        await log.drop_segment(0)
        await log.drop_segment(1, bodies_only=True)

    there = await _run(at(source), elastic_named.url, settings)
    async with SqliteEventLog(source) as log:
        key = await log.fingerprint_key()
        for block in chain(2, after=head_of(blocks[-1]), key=key, blocks_per_segment=3):
            await log.append(block)
    on = await _run(at(source), elastic_named.url, settings)
    returned = await _run(elastic_named.url, at(back), settings)

    for done in (there, on, returned):
        assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(on.stdout)
    assert (told["blocks_copied"], told["blocks_there"]) == (2, BLOCKS - 3)
    kept = await _held(SqliteEventLog(source, read_only=True))
    assert await _held(ElasticEventLog(Elastic(elastic_named), read_only=True)) == kept
    assert await _held(SqliteEventLog(back, read_only=True)) == kept


async def _run(
    source: str, target: str, settings: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(copy, source, target, "--json", settings=settings)
