"""SQLite, memory and the plain meaning of a query give the same answers, whatever the documents and the query."""

import asyncio
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from events.facts import BodyRef
from store.documents import Copy, MessageDocument
from store.matching import Subject, matches
from store.memory.index import MemoryMessageIndex
from store.ports import MessageIndex, Page, Sort
from store.query import Query
from store.query_parser import parse
from store.ranking import SORT_VALUES
from store.sqlite.index import SqliteMessageIndex
from tests.contract.documents import NOW, SECOND, bodies, checkpoint, documents, message
from tests.contract.queries import queries
from tests.support import parts

# An example is a database: so many of them, and no search for a smaller one beyond what is quick.
EXAMPLES = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

Saves = list[tuple[MessageDocument, str | None]]

saves = st.lists(
    st.integers(0, 5).flatmap(lambda at: st.tuples(documents(at), st.none() | bodies)), max_size=8
)
sorts = st.builds(Sort, st.sampled_from(sorted(SORT_VALUES)), st.booleans())


async def filled(index: MessageIndex, told: Saves, together: bool) -> None:
    """Save *told*, in one call or in one call each."""
    for part in [told] if together else [[one] for one in told]:
        newest = {document.uid: text for document, text in part if text is not None}
        await index.save([document for document, _ in part], newest, checkpoint())


async def every_page(index: MessageIndex, query: Query, sort: Sort, size: int) -> list[Page]:
    pages: list[Page] = []
    after = None
    while not pages or after is not None:
        pages.append(await index.search(query, sort=sort, limit=size, after=after, now_ns=NOW))
        after = pages[-1].after
    return pages


def shown(pages: list[Page]) -> list[tuple[list[str], int, object]]:
    return [([item.uid for item in page.items], page.total, page.after) for page in pages]


async def answers(
    directory: Path, told: Saves, asked: list[tuple[Query, Sort]]
) -> tuple[list[list[Page]], list[list[Page]]]:
    found: list[list[list[Page]]] = []
    async with MemoryMessageIndex() as memory, SqliteMessageIndex(directory) as sqlite:
        for index in (memory, sqlite):
            await filled(index, told, together=False)
            found.append([await every_page(index, query, sort, 2) for query, sort in asked])
    return found[0], found[1]


@settings(EXAMPLES, max_examples=parts.proof(50, whole=150))
@given(told=saves, asked=st.lists(st.tuples(queries, sorts), min_size=1, max_size=6))
def test_every_store_gives_the_same_pages(told: Saves, asked: list[tuple[Query, Sort]]) -> None:
    """Any query, sorted in any way, gives the same documents in the same order on the same pages."""
    with tempfile.TemporaryDirectory() as directory:
        memory, sqlite = asyncio.run(answers(Path(directory), told, asked))

    for (query, sort), ours, theirs in zip(asked, sqlite, memory, strict=True):
        assert shown(ours) == shown(theirs), (query, sort)
    assert sqlite == memory


@settings(EXAMPLES, max_examples=parts.proof(35, whole=100))
@given(told=saves, asked=st.lists(queries, min_size=1, max_size=6))
def test_a_search_finds_exactly_what_matches(told: Saves, asked: list[Query]) -> None:
    """The documents found are those that the query's meaning says."""
    texts: dict[str, str] = {}
    held: dict[str, MessageDocument] = {}
    for document, text in told:
        if document.uid not in held or document.version > held[document.uid].version:
            held[document.uid] = document
            if text is not None:
                texts[document.uid] = text
    with tempfile.TemporaryDirectory() as directory:
        _, sqlite = asyncio.run(answers(Path(directory), told, [(q, Sort()) for q in asked]))

    for query, pages in zip(asked, sqlite, strict=True):
        expected = sorted(
            uid
            for uid, document in held.items()
            if matches(query, Subject(document, texts.get(uid)), now_ns=NOW)
        )
        assert sorted(item.uid for page in pages for item in page.items) == expected
        assert pages[0].total == len(expected), query


histograms = st.builds(
    dict,
    since=st.integers(NOW - 8, NOW + 3),
    width_ns=st.integers(1, 6),
    buckets=st.integers(1, 12),
)


async def counted(
    directory: Path, told: Saves, asked: list[tuple[Query, dict[str, int]]]
) -> list[list[list[int]]]:
    found: list[list[list[int]]] = []
    async with MemoryMessageIndex() as memory, SqliteMessageIndex(directory) as sqlite:
        for index in (memory, sqlite):
            await filled(index, told, together=True)
            found.append([list(await index.histogram(q, **of, now_ns=NOW)) for q, of in asked])
    return found


@settings(EXAMPLES, max_examples=parts.proof(35, whole=100))
@given(told=saves, asked=st.lists(st.tuples(queries, histograms), min_size=1, max_size=6))
def test_every_store_counts_the_same(
    told: Saves, asked: list[tuple[Query, dict[str, int]]]
) -> None:
    """Any query gives the same histogram, whatever its borders."""
    with tempfile.TemporaryDirectory() as directory:
        memory, sqlite = asyncio.run(counted(Path(directory), told, asked))

    assert sqlite == memory


COMMON = (
    "*", "payment", "-nothing", "-rare", "-state:gone", "NOT (state:gone OR state:unknown)", "pay*",
    "exchange:e1 OR exchange:e2 OR exchange:e3", "state:delivered OR state:waiting", "state:delivered OR payment",
    "payment -exchange:e0", "payment -state:gone", "payment OR latency_ms:>3", "latency_ms:>=0",
    "published_at:<=now", "published_at:>now-3050s", "position:>=1000", "-parent.uid:*", "uid:main-*",
    "trace_id:t* AND payment", "queue:(work OR q1 OR q2)", "queue:q*", "retry_rounds:<2 payment",
    "copies.enqueued_at:<=now", "e* state:*",
)  # fmt: skip
"""Queries that more messages match than are counted."""


def crowd() -> Iterator[tuple[MessageDocument, str]]:
    """Yield more messages than are counted: nearly all alike in every way, publish times a little out of order."""
    dice = random.Random(99)
    for at in range(12_500):
        rare = dice.random() < 0.02
        queue = f"q{dice.randrange(3)}"
        published = NOW - (12_500 - at + dice.randrange(-5000, 5000)) // 4 * SECOND
        yield (
            message(
                at,
                published_at=published,
                exchange=f"e{0 if rare else dice.randrange(1, 4)}",
                state="gone" if dice.random() < 0.02 else dice.choice(["delivered", "waiting"]),
                routed_queues=(queue, "work"),
                copies=(Copy(queue, "routed", "waiting", enqueued_at=published),),
                trace_id=f"t{at % 7}",
                latency_ms=None if rare else float(dice.randrange(8)),
                body=BodyRef(bytes(16), dice.randrange(20), 0, 0),
                retry_rounds=dice.randrange(2),
            ),
            "rare" if rare else "payment taken",
        )


async def test_common_queries_give_the_same_pages(tmp_path: Path) -> None:
    """Where more match than are counted, pages in any order and histograms are those of the memory index."""
    told = list(crowd())
    texts = {document.uid: text for document, text in told}
    dice = random.Random(7)
    async with MemoryMessageIndex() as memory, SqliteMessageIndex(tmp_path) as sqlite:
        for index in (memory, sqlite):
            await index.save([document for document, _ in told], texts, checkpoint())
        for text in COMMON:
            query = parse(text)
            for field in dice.sample(sorted(SORT_VALUES), 2):
                sort, after = Sort(field, dice.random() < 0.5), None
                for _ in range(2):
                    ours, theirs = [
                        await index.search(query, sort=sort, limit=300, after=after, now_ns=NOW)
                        for index in (sqlite, memory)
                    ]
                    assert shown([ours]) == shown([theirs]), (text, sort)
                    assert not theirs.total_is_exact, text
                    after = theirs.after
            ours, theirs = [
                await index.histogram(
                    query, since=NOW - 3100 * SECOND, width_ns=31 * SECOND, buckets=99, now_ns=NOW
                )
                for index in (sqlite, memory)
            ]
            assert list(ours) == list(theirs), text
            assert sum(theirs) > 9_000, text
