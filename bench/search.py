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
from events.facts import BodyRef
from events.identity import uid
from store.documents import Attempt, Copy, DeadLetter, MessageDocument, ParentLink, Party
from store.ports import Checkpoint, Sort
from store.query_parser import parse
from store.sqlite.index import SqliteMessageIndex

DOCUMENTS = 50_000
SEARCHED = 1_000_000
BATCH = 1_000
ROUNDS = 5
Told = tuple[MessageDocument, str]
NOW_NS = START_NS + SEARCHED * 1_000_000
EXCHANGES = ("orders", "shop", "billing", "")
EXAMPLE = (
    'exchange:orders AND state:dead-lettered "card declined" -queue:service-3.work'
    " latency_ms:>20 header.tenant:tenant-17"
)
QUERIES: tuple[tuple[str, Sort], ...] = (
    # the one of the documentation, over a quarter of an hour and over everything
    (f"{EXAMPLE} published_at:[now-15m TO now]", Sort()),
    (EXAMPLE, Sort()),
    # everything, and what nearly everything is
    ("*", Sort()),
    ("*", Sort(descending=False)),
    ("*", Sort("latency_ms")),
    ("*", Sort("latency_ms", descending=False)),
    ("state:delivered", Sort()),
    ("state:delivered", Sort("latency_ms")),
    ("payment", Sort()),
    ("publish_observed:true AND vhost:/", Sort(descending=False)),
    ("exchange:*", Sort("body.size")),
    # words, from common to rare
    ("declined", Sort()),
    ('"card declined"', Sort()),
    ('"payment taken"', Sort()),
    ("customer-4242", Sort()),
    ("customer-42*", Sort()),
    ("order*", Sort()),
    ("nowhere", Sort()),
    ("shop-3", Sort()),
    # fields
    ("type:order.paid", Sort()),
    ("queue:service-7.work", Sort()),
    ("queue:service-7.work", Sort("latency_ms")),
    ("state:dead-lettered", Sort()),
    ("state:delivered AND queue:service-7.work", Sort()),
    ("header.tenant:tenant-17", Sort()),
    ("header.tenant:tenant-1*", Sort()),
    ("header.tenant:tenant-17 AND state:waiting AND declined", Sort()),
    ("publisher.service:shop-3 AND type:mail.sent", Sort()),
    ("body.customer:customer-4242", Sort()),
    ("body.customer:*", Sort()),
    ("parent.uid:main-77778", Sort()),
    ("uid:main-77777", Sort()),
    # numbers and times
    ("exchange:shop AND latency_ms:>40", Sort()),
    ("latency_ms:>89.9", Sort()),
    ("latency_ms:>89.9999", Sort()),
    ("latency_ms:[1 TO 1.01]", Sort("latency_ms")),
    ("body.size:>100000", Sort()),
    ("retry_rounds:>2", Sort()),
    ("copies.dead_letter.count:>2", Sort()),
    ("copies.attempts.delivered_at:>now-1s", Sort()),
    ("published_at:[now-1m TO now]", Sort()),
    ("published_at:[now-8m TO now-7m]", Sort("latency_ms")),
    ("published_at:<now-16m", Sort()),
    # negations and alternatives
    ("-state:delivered", Sort()),
    ("declined -queue:service-3.work", Sort()),
    ("-payment", Sort()),
    ("-payment -declined", Sort()),
    ("NOT (state:delivered OR state:waiting)", Sort()),
    ("state:dead-lettered OR customer-4242", Sort()),
    ("exchange:billing OR latency_ms:>80", Sort()),
    ("-parent.uid:*", Sort()),
    ("type:order.placed -latency_ms:*", Sort()),
)
_encode = msgspec.msgpack.Encoder().encode


def documents(count: int, *, seed: int = 1) -> Iterator[Told]:
    """Yield *count* messages with their body's text, a millisecond apart: 90 % delivered, 2 % dead-lettered."""
    rng = random.Random(seed)
    for position in range(count):
        at, queue = START_NS + position * 1_000_000, rng.choice(QUEUES)
        consumer, publisher = (
            Party(f"shop-{rng.randrange(20)}", f"10.0.0.{end}:1 -> 10.0.0.2:2", "app", "name", 0.9)
            for end in (1, 3)
        )
        copies, state = _copies(rng, queue, at, consumer)
        parent = position - rng.randrange(1, 1000)
        declined = rng.random() < (0.5 if state == "dead-lettered" else 0.005)
        outcome = "card declined" if declined else "payment taken"
        text = f'{{"customer": "customer-{rng.randrange(100_000)}", "note": "{outcome}", "n": {position}}}'
        document = MessageDocument(
            uid=uid("main", position),
            position=position,
            version=1 + len(copies[0].attempts) + len(copies),
            published_at=at,
            time_quality="live",
            publish_observed=True,
            vhost="/",
            exchange=rng.choice(EXCHANGES),
            routing_keys=(queue,),
            routed_queues=(queue,),
            publisher=publisher,
            state=state,
            message_id=f"{rng.getrandbits(128):032x}",
            correlation_id=f"{rng.getrandbits(64):016x}",
            type=rng.choice(TYPES),
            content_type="application/json",
            headers={"tenant": f"tenant-{rng.randrange(100)}"},
            body=BodyRef(rng.randbytes(16), len(text), position // 1000, position % 1000),
            copies=copies,
            trace_id=f"{rng.getrandbits(128):032x}",
            parent=ParentLink(uid("main", parent), "w3c", 1.0) if parent % 3 == 0 else None,
            latency_ms=rng.random() * 90 if copies[0].attempts else None,
        )
        yield document, text


def _copies(
    rng: random.Random, queue: str, at: int, consumer: Party
) -> tuple[tuple[Copy, ...], str]:
    """Return the copies of a message in *queue*, published at *at* ns, and its state."""
    fate = rng.random()
    if fate > 0.92:
        return (Copy(queue, "routed", "waiting", enqueued_at=at),), "waiting"
    attempts = (Attempt(at + rng.randrange(90_000_000), False, consumer),)
    if fate > 0.02:
        return (Copy(queue, "routed", "delivered", attempts, enqueued_at=at),), "delivered"
    died = DeadLetter("rejected", "dlx", queue, ("dead",), rng.randrange(1, 4), at=at)
    return (
        Copy(queue, "routed", "dead-lettered", attempts, died, enqueued_at=at),
        Copy("dead", "dead-letter", "waiting", enqueued_at=at),
    ), "dead-lettered"


def fill(directory: Path, stream: Iterator[Told]) -> None:
    """Write documents to the index in *directory*."""

    async def save() -> None:
        async with SqliteMessageIndex(directory) as index:
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
    made = list(documents(int(count)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        result = timed(len(made), lambda: fill(path, iter(made)))
        size = sum(each.stat().st_size for each in path.iterdir())
        result.extra["bytes_per_document"] = round(size / len(made))
        return result


def blobs(path: Path, stream: Iterator[Told]) -> None:
    """Write documents as blobs under a primary key."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        "CREATE TABLE documents (position INTEGER PRIMARY KEY, document BLOB, text TEXT);"
    )
    while batch := list(islice(stream, BATCH)):
        rows = [(document.position, _encode(document), text) for document, text in batch]
        database.execute("BEGIN")
        database.executemany("INSERT INTO documents VALUES (?, ?, ?)", rows)
        database.execute("COMMIT")
    database.close()


def write_blobs(count: str = str(DOCUMENTS)) -> Timed:
    """Write *count* documents without indexing them."""
    made = list(documents(int(count)))
    with tempfile.TemporaryDirectory() as folder:
        return timed(len(made), lambda: blobs(Path(folder) / "blobs.db", iter(made)))


def search_index(directory: str) -> Timed:
    """Ask every query in turn, several rounds, of the index that stands in *directory*."""
    spent: dict[str, list[float]] = {named(*each): [] for each in QUERIES}
    totals: dict[str, int] = {}

    async def ask() -> None:
        async with SqliteMessageIndex(Path(directory), read_only=True) as index:
            for _ in range(ROUNDS):
                for query, sort in QUERIES:
                    began = time.perf_counter()
                    page = await index.search(parse(query), sort=sort, limit=50, now_ns=NOW_NS)
                    spent[named(query, sort)].append((time.perf_counter() - began) * 1e3)
                    totals[named(query, sort)] = page.total

    result = timed(ROUNDS * len(QUERIES), lambda: asyncio.run(ask()))
    every = sorted(value for values in spent.values() for value in values)
    result.extra["p50_ms"] = round(every[len(every) // 2], 1)
    result.extra["p95_ms"] = round(every[int(len(every) * 0.95)], 1)
    result.extra["slowest_ms"] = {query: round(max(values), 1) for query, values in spent.items()}
    result.extra["totals"] = totals
    return result


def named(query: str, sort: Sort) -> str:
    """Return the query with its order, where that is not the usual one."""
    told = "" if sort == Sort() else f" by {sort.field}{' desc' if sort.descending else ''}"
    return query + told


def scan_blobs(path: str) -> Timed:
    """Find the newest 50 documents whose text has a word, by scanning all, as without an index."""
    database = sqlite3.connect(path)
    find = "SELECT position FROM documents WHERE text LIKE ? ORDER BY position DESC"

    def scan() -> None:
        for word in ("%card declined%", '%"customer-4242"%'):
            database.execute(find, (word,)).fetchall()

    return timed(2, scan)
