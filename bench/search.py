"""The message index on SQLite: how fast it takes documents, and how fast it finds them among a million.

The baseline of indexing is the same documents written as blobs under a primary key, in transactions of the same size;
that of searching is a scan of those blobs for the same word.
"""

import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from bench.measure import Timed, timed
from bench.traffic import QUEUES, START_NS, TYPES
from events.identity import uid
from store.documents import Attempt, Copy, MessageDocument, Party
from store.ports import Checkpoint, Sort
from store.query_parser import parse
from store.sqlite.index import SqliteMessageIndex

DOCUMENTS = 50_000
SEARCHED = 1_000_000
BATCH = 1_000
ROUNDS = 5
NOW_NS = START_NS + SEARCHED * 1_000_000
QUERIES = (
    "type:order.paid",
    "state:delivered AND queue:service-7.work",
    '"card declined"',
    "declined -queue:service-3.work",
    "exchange:shop AND latency_ms:>40",
    "header.tenant:tenant-17",
    "publisher.service:shop-3 AND type:mail.sent",
    "published_at:[now-1m TO now]",
    "customer-4242",
    "header.tenant:tenant-17 AND state:waiting AND declined",
)
_encode = msgspec.msgpack.Encoder().encode


def documents(count: int, *, seed: int = 1) -> Iterator[tuple[MessageDocument, str]]:
    """Yield *count* messages with their body's text."""
    rng = random.Random(seed)
    for position in range(count):
        at, queue = START_NS + position * 1_000_000, rng.choice(QUEUES)
        consumer = Party(
            f"shop-{rng.randrange(20)}", "10.0.0.1:1 -> 10.0.0.2:2", "app", "name", 0.9
        )
        delivered = rng.random() < 0.9
        attempts = (Attempt(at + rng.randrange(90_000_000), False, consumer),) if delivered else ()
        state = "delivered" if delivered else "waiting"
        document = MessageDocument(
            uid=uid("main", position),
            position=position,
            version=1 + delivered,
            published_at=at,
            time_quality="live",
            publish_observed=True,
            vhost="/",
            exchange="shop",
            routing_keys=(queue,),
            routed_queues=(queue,),
            publisher=consumer,
            state=state,
            message_id=f"{rng.getrandbits(128):032x}",
            correlation_id=f"{rng.getrandbits(64):016x}",
            type=rng.choice(TYPES),
            content_type="application/json",
            headers={"tenant": f"tenant-{rng.randrange(100)}"},
            copies=(Copy(queue, "routed", state, attempts),),
            trace_id=f"{rng.getrandbits(128):032x}",
            latency_ms=rng.random() * 90 if delivered else None,
        )
        outcome = "card declined" if rng.random() < 0.01 else "payment taken"
        text = f'{{"customer": "customer-{rng.randrange(100_000)}", "note": "{outcome}", "n": {position}}}'
        yield document, text


def fill(directory: Path, count: int) -> None:
    """Write *count* documents to the index in *directory*."""

    async def save() -> None:
        async with SqliteMessageIndex(directory) as index:
            stream = documents(count)
            while batch := list(islice(stream, BATCH)):
                texts = {document.uid: text for document, text in batch}
                end = batch[-1][0].position + 1
                await index.save(
                    [document for document, _ in batch],
                    texts,
                    Checkpoint("messages", "bench", end, end // BATCH),
                )

    asyncio.run(save())


def index_documents(count: str = str(DOCUMENTS)) -> Timed:
    """Index *count* documents."""
    with tempfile.TemporaryDirectory() as folder:
        return timed(int(count), lambda: fill(Path(folder), int(count)))


def blobs(path: Path, count: int) -> None:
    """Write *count* documents as blobs under a primary key."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        "CREATE TABLE documents (position INTEGER PRIMARY KEY, document BLOB, text TEXT);"
    )
    stream = documents(count)
    while batch := list(islice(stream, BATCH)):
        rows = [(document.position, _encode(document), text) for document, text in batch]
        database.execute("BEGIN")
        database.executemany("INSERT INTO documents VALUES (?, ?, ?)", rows)
        database.execute("COMMIT")
    database.close()


def write_blobs(count: str = str(DOCUMENTS)) -> Timed:
    """Write *count* documents without indexing them."""
    with tempfile.TemporaryDirectory() as folder:
        return timed(int(count), lambda: blobs(Path(folder) / "blobs.db", int(count)))


def search_index(directory: str) -> Timed:
    """Ask every query in turn, several rounds, of the index that stands in *directory*."""
    spent: dict[str, list[float]] = {query: [] for query in QUERIES}
    totals: dict[str, int] = {}

    async def ask() -> None:
        async with SqliteMessageIndex(Path(directory), read_only=True) as index:
            for _ in range(ROUNDS):
                for query in QUERIES:
                    began = time.perf_counter()
                    page = await index.search(parse(query), sort=Sort(), limit=50, now_ns=NOW_NS)
                    spent[query].append((time.perf_counter() - began) * 1e3)
                    totals[query] = page.total

    result = timed(ROUNDS * len(QUERIES), lambda: asyncio.run(ask()))
    every = sorted(value for values in spent.values() for value in values)
    result.extra["p50_ms"] = round(every[len(every) // 2], 1)
    result.extra["p95_ms"] = round(every[int(len(every) * 0.95)], 1)
    result.extra["slowest_ms"] = {query: round(max(values), 1) for query, values in spent.items()}
    result.extra["totals"] = totals
    return result


def scan_blobs(path: str) -> Timed:
    """Find the newest 50 documents whose text has a word, by scanning all, as without an index."""
    database = sqlite3.connect(path)
    find = "SELECT position FROM documents WHERE text LIKE ? ORDER BY position DESC"

    def scan() -> None:
        for word in ("%card declined%", '%"customer-4242"%'):
            database.execute(find, (word,)).fetchall()

    return timed(2, scan)
