"""What each role may do on a server with security and TLS, and what it may not; and how a wrong credential is told."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from cli.serving import ports_of
from cli.settings import load
from events.block import Block
from projector.live import LiveProjection
from store.elastic.index import ElasticMessageIndex
from store.elastic.log import ElasticEventLog
from store.elastic.roles import DAEMONS, INDEXER, READER, RETENTION, WRITER
from store.elastic.snapshots import ElasticSnapshotStore
from store.errors import LogRefused
from store.ports import Sort
from store.query_parser import parse
from store.retention import RetentionLimits, apply, plan
from tests.contract.blocks import chain, start
from tests.contract.documents import NOW, checkpoint, message
from tests.contract.snapshot_store import snapshot
from tests.support.elastic_server import ElasticServer
from tests.support.granted import Granted, granted

BLOCKS = 6
VERSION = "1"
DOCUMENTS = 3


async def _append(log: ElasticEventLog, count: int) -> list[Block]:
    key = await log.fingerprint_key()
    blocks = list(chain(count, after=start(key), key=key, blocks_per_segment=2))
    for block in blocks:
        await log.append(block)
    return blocks


async def _write(roles: Granted) -> None:
    async with ElasticEventLog(roles.elastic(WRITER)) as log:
        await _append(log, BLOCKS)
    async with ElasticMessageIndex(roles.elastic(INDEXER), version=VERSION, refresh=True) as index:
        documents = [message(position) for position in range(DOCUMENTS)]
        await index.save(documents, {"main-0": "card declined"}, checkpoint(DOCUMENTS))
    async with ElasticSnapshotStore(roles.elastic(INDEXER)) as snapshots:
        await snapshots.save(snapshot(3))


@pytest.fixture(scope="module")
def roles(secure_elastic: ElasticServer) -> Iterator[Granted]:
    """A hoptrail whose log was written by the writer, its index and a snapshot by the indexer."""
    with granted(secure_elastic, *DAEMONS) as made:
        asyncio.run(_write(made))
        yield made


@pytest.fixture
def fresh(secure_elastic: ElasticServer) -> Iterator[Granted]:
    """A hoptrail that has written nothing yet."""
    with granted(secure_elastic, *DAEMONS) as made:
        yield made


LOG_INDICES = ("P-log-blocks-000000", "P-log-bodies-000000", "P-segments", "P-keys")
BESIDE = ("P-snapshots", "P-checkpoints")
MESSAGES = "P-messages-v1.1-2027.01.15"
EVERY_INDEX = (*LOG_INDICES, *BESIDE, MESSAGES)
DOC = {"number": 99}


def changes(index: str) -> list[tuple[str, str, object]]:
    """Return requests that would change or delete what is in *index*, or *index* itself."""
    return [
        ("POST", f"/{index}/_update/0", {"doc": DOC}),
        ("PUT", f"/{index}/_doc/0", DOC),
        ("PUT", f"/{index}/_doc/0?version=9&version_type=external", DOC),
        ("POST", f"/{index}/_bulk", '{"index":{"_id":"0"}}\n{"number":99}\n'),
        ("POST", f"/{index}/_bulk", '{"update":{"_id":"0"}}\n{"doc":{"number":99}}\n'),
        ("POST", f"/{index}/_bulk", '{"delete":{"_id":"0"}}\n'),
        ("DELETE", f"/{index}/_doc/0", None),
        ("DELETE", f"/{index}", None),
        ("PUT", f"/{index}/_mapping", {"properties": {"extra": {"type": "long"}}}),
        ("PUT", f"/{index}/_settings", {"index": {"refresh_interval": "5s"}}),
        ("PUT", f"/{index}/_block/write", None),
        ("POST", f"/{index}/_close", None),
        ("POST", "/_aliases", {"actions": [{"add": {"index": index, "alias": f"{index}-2"}}]}),
        ("POST", f"/{index}/_refresh", None),
    ]


CHANGES = [case for index in EVERY_INDEX for case in changes(index)]
CREATIONS = [
    ("POST", "/P-log-blocks-000000/_doc", DOC),
    ("PUT", "/P-log-blocks-000000/_create/99", DOC),
    ("POST", "/P-log-blocks-000000/_bulk", '{"create":{"_id":"99"}}\n{"number":99}\n'),
    ("PUT", "/P-segments/_create/99", DOC),
    ("PUT", "/P-keys/_create/other", DOC),
    ("PUT", "/P-log-blocks-000099", {}),
    ("PUT", "/P-snapshots/_create/99", DOC),
    ("PUT", "/P-checkpoints/_create/99", DOC),
    ("PUT", f"/{MESSAGES}/_create/99", DOC),
    ("PUT", "/P-messages-v9-2027.01.15", {}),
]
"""Requests that would add to what there is."""
ELSEWHERE = [
    ("PUT", "/elsewhere/_create/1", DOC),
    ("PUT", "/P2-log-blocks-000000", {}),
    ("GET", "/.security/_search", None),
    ("PUT", "/_security/user/another", {"password": "a secret", "roles": ["superuser"]}),
    ("PUT", "/_index_template/P-other", {"index_patterns": ["P-other-*"]}),
    ("PUT", "/_cluster/settings", {"persistent": {"cluster.max_shards_per_node": 9}}),
]
"""Requests that no role of a running process has any business with."""


def label(value: object) -> str:
    return str(value).replace("/", " ").strip()[:40] if isinstance(value, str) else ""


def test_the_writer_appends_over_segments(fresh: Granted) -> None:
    """With the writer's role alone the key is made, blocks, bodies and segments are created, and read back whole."""

    async def work() -> tuple[list[Block], list[Block], list[int], list[Sequence[bytes] | None]]:
        async with ElasticEventLog(fresh.elastic(WRITER)) as log:
            written = await _append(log, BLOCKS)
        async with ElasticEventLog(fresh.elastic(WRITER)) as log:
            read = [block async for block in log.blocks(start=0)]
            segments = [each.number for each in await log.segments()]
            bodies = [await log.bodies(number) for number in range(BLOCKS)]
        return written, read, segments, bodies

    written, read, segments, bodies = asyncio.run(work())

    assert [block.digest for block in read] == [block.digest for block in written]
    assert segments == [0, 1, 2]
    assert all(bodies)


@pytest.mark.parametrize(("method", "path", "body"), CHANGES, ids=label)
def test_the_writer_changes_nothing(roles: Granted, method: str, path: str, body: object) -> None:
    """Nothing that is there can be updated, overwritten or deleted by the writer, no mapping or setting changed."""
    assert roles.status(WRITER, method, path, body) == 403


@pytest.mark.parametrize(("method", "path", "body"), CREATIONS[6:], ids=label)
def test_the_writer_writes_the_log_alone(
    roles: Granted, method: str, path: str, body: object
) -> None:
    """The writer adds nothing to the message index, the checkpoints or the snapshots."""
    assert roles.status(WRITER, method, path, body) == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [case for index in LOG_INDICES for case in changes(index)] + CREATIONS[:6],
    ids=label,
)
def test_the_indexer_cannot_write_the_log(
    roles: Granted, method: str, path: str, body: object
) -> None:
    """To the indexer the log is for reading only."""
    assert roles.status(INDEXER, method, path, body) == 403


def test_the_indexer_builds_and_rebuilds(fresh: Granted) -> None:
    """With the indexer's role alone documents are saved, a new version takes over, old ones go, all can be cleared."""

    async def work() -> list[object]:
        async with ElasticEventLog(fresh.elastic(WRITER)) as log:
            await _append(log, BLOCKS)
        await _write_index(fresh, "1")
        told: list[object] = [await _found(fresh)]
        await _write_index(fresh, "2")
        told.append(await _found(fresh))
        async with ElasticMessageIndex(fresh.elastic(INDEXER), version="2", refresh=True) as index:
            told.append(await index.drop_before(1))
            await index.clear()
            told.append(await index.checkpoint())
        async with ElasticSnapshotStore(fresh.elastic(INDEXER)) as snapshots:
            for block in range(1, 9):
                await snapshots.save(snapshot(block))
            newest = await snapshots.newest("topology", "1")
            told.append(newest and newest.block)
            await snapshots.delete_all()
        async with ElasticEventLog(fresh.elastic(INDEXER), read_only=True) as log:
            told.append(len([block async for block in log.blocks(start=0)]))
        return told

    assert asyncio.run(work()) == [DOCUMENTS, DOCUMENTS, 1, None, 8, BLOCKS]


async def _write_index(roles: Granted, version: str) -> None:
    async with ElasticMessageIndex(roles.elastic(INDEXER), version=version, refresh=True) as index:
        documents = [message(position) for position in range(DOCUMENTS)]
        await index.save(documents, {}, checkpoint(DOCUMENTS))


async def _found(roles: Granted) -> int:
    async with ElasticMessageIndex(roles.elastic(READER)) as index:
        page = await index.search(parse("exchange:orders"), sort=Sort(), limit=9, now_ns=NOW)
        return page.total


def test_the_reader_reads_what_is_served(roles: Granted) -> None:
    """With the reader's role alone blocks, bodies, messages, facets, checkpoint and snapshots are read."""

    async def work() -> list[object]:
        async with ElasticEventLog(roles.elastic(READER), read_only=True) as log:
            head = await log.head()
            told: list[object] = [
                head and head.number,
                len([block async for block in log.blocks(start=0)]),
                bool(await log.bodies(4)),
                [segment.number for segment in await log.segments()],
                await log.block_at(3),
            ]
        async with ElasticMessageIndex(roles.elastic(READER)) as index:
            query = parse("card")
            found = await index.get("main-1")
            page = await index.search(query, sort=Sort(), limit=9, now_ns=NOW)
            facets = await index.facets(parse(""), ["exchange"], size=5, now_ns=NOW)
            told += [found and found.uid, page.total, facets, await index.checkpoint()]
        async with ElasticSnapshotStore(roles.elastic(READER)) as snapshots:
            newest = await snapshots.newest("topology", "1")
            told.append(newest and newest.block)
        return told

    assert asyncio.run(work()) == [
        BLOCKS - 1, BLOCKS, True, [0, 1, 2], 1,
        "main-1", 1, {"exchange": {"orders": DOCUMENTS}}, checkpoint(DOCUMENTS), 3,
    ]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), CHANGES + CREATIONS, ids=label)
def test_the_reader_writes_nothing(roles: Granted, method: str, path: str, body: object) -> None:
    """The reader can neither change what is there nor add to it, anywhere."""
    assert roles.status(READER, method, path, body) == 403


def test_the_reader_has_no_key(roles: Granted) -> None:
    """The store's secret key is not for the reader, and reading it is refused with a clear sentence."""

    async def work() -> None:
        async with ElasticEventLog(roles.elastic(READER), read_only=True) as log:
            await log.fingerprint_key()

    with pytest.raises(LogRefused, match="may not do this"):
        asyncio.run(work())


def test_cursors_need_no_key_of_the_store(roles: Granted) -> None:
    """Served by the reader, cursors are signed with what the API keys give, the same in every process; else at random."""

    async def signed(**settings: str) -> bytes:
        told = load({f"HOPTRAIL_{name}": value for name, value in settings.items()})
        async with ElasticEventLog(roles.elastic(READER), read_only=True) as log:
            index = ElasticMessageIndex(roles.elastic(READER))
            views = LiveProjection(log, None, "main")
            return (await ports_of(told, log, index, views)).cursor_key

    keys = [asyncio.run(signed(API_KEY=each * 16)) for each in "aab"]
    chance = [asyncio.run(signed()) for _ in range(2)]

    assert keys[0] == keys[1]
    assert len({*keys, *chance}) == 4


@pytest.mark.parametrize("role", DAEMONS)
@pytest.mark.parametrize(("method", "path", "body"), ELSEWHERE, ids=label)
def test_no_role_reaches_elsewhere(
    roles: Granted, role: str, method: str, path: str, body: object
) -> None:
    """Other indices, another prefix, users, templates and the cluster's settings are out of reach of every process."""
    assert roles.status(role, method, path, body) == 403


def test_retention_drops_segments_and_nothing_else(fresh: Granted) -> None:
    """With the role of retention alone old segments go as planned; blocks, bodies and messages cannot be written."""

    async def work() -> tuple[int, list[int]]:
        async with ElasticEventLog(fresh.elastic(WRITER)) as log:
            await _append(log, BLOCKS)
        async with ElasticEventLog(fresh.elastic(RETENTION)) as log:
            drops = plan(await log.segments(), RetentionLimits(age_s_max=1), now_ns=2 * NOW)
            await apply(log, drops)
        async with ElasticEventLog(fresh.elastic(READER), read_only=True) as log:
            return len(drops), [segment.number for segment in await log.segments()]

    assert asyncio.run(work()) == (2, [2])
    kept = [
        case
        for case in changes("P-log-blocks-000002")
        if case[:2] != ("DELETE", "/P-log-blocks-000002")
    ]
    assert [fresh.status(RETENTION, *case) for case in [*kept, *CREATIONS]] == [403] * (
        len(kept) + len(CREATIONS)
    )
