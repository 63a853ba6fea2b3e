"""Elasticsearch gives the answers of the memory index, whatever the documents and the query.

An index costs time: so an example has many documents, and many queries are asked of it.
"""

import asyncio
import random
import secrets
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.index import ElasticMessageIndex
from store.elastic.index_reader import HITS_MAX
from store.errors import QueryInvalid
from store.fields import FIELDS
from store.memory.index import MemoryMessageIndex
from store.ports import MessageIndex, Sort
from store.query import Exists, Not, Or, Prefix, Query, Range, Term
from store.query_parser import parse
from store.ranking import SORT_VALUES
from tests.contract.documents import NOW, SECOND, bodies, checkpoint, documents, message
from tests.contract.queries import queries
from tests.contract.test_index_differential import (
    COMMON,
    Saves,
    crowd,
    every_page,
    filled,
    histograms,
    shown,
    sorts,
)
from tests.support import parts
from tests.support.elastic_fixtures import forget
from tests.support.elastic_server import ElasticServer

EXAMPLES = settings(
    deadline=None,
    max_examples=parts.proof(6, whole=15),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
COUNTED = 4  # of so many common queries the facets and the histogram of one are compared: memory is slow at it
PARTS = 3  # an example is saved in so many calls, so that later ones change what earlier ones saved

saves = st.lists(
    st.integers(0, 30).flatmap(lambda at: st.tuples(documents(at), st.none() | bodies)),
    min_size=10,
    max_size=50,
)
facets = st.lists(
    st.sampled_from([*FIELDS, "header.a", "header.a.b", "header.tenant", "body.a", "body.a.b"]),
    min_size=1,
    max_size=5,
    unique=True,
)
Asked = list[tuple[Query, Sort, dict[str, int], list[str], int]]
asked = st.lists(
    st.tuples(queries, sorts, histograms, facets, st.integers(1, 5)), min_size=10, max_size=40
)


@pytest.fixture(scope="module")
def url_and_prefix(elastic: ElasticServer) -> Iterator[ElasticSettings]:
    """Settings for one prefix that the examples of a module use one after another."""
    told = ElasticSettings.of_url(elastic.url, prefix=f"test-{secrets.token_hex(6)}")
    yield told
    forget(elastic, told.prefix)


async def answers(index: MessageIndex, told: Saves, questions: Asked) -> list[object]:
    size = max(1, len(told) // PARTS)
    for start in range(0, len(told), size):
        await filled(index, told[start : start + size], together=True)
    found: list[object] = []
    for query, sort, of, fields, count in questions:
        pages = await every_page(index, query, sort, 8)
        counts = await index.facets(query, fields, size=count, now_ns=NOW)
        histogram = list(await index.histogram(query, **of, now_ns=NOW))
        found.append((shown(pages), [page.items for page in pages], counts, histogram))
    return found


async def both(
    elastic_settings: ElasticSettings, told: Saves, questions: Asked
) -> tuple[list[object], list[object]]:
    async with (
        ElasticMessageIndex(Elastic(elastic_settings), version="1", refresh=True) as ours,
        MemoryMessageIndex() as memory,
    ):
        await ours.clear()
        return await answers(ours, told, questions), await answers(memory, told, questions)


@settings(EXAMPLES)
@given(told=saves, questions=asked)
def test_elasticsearch_answers_as_memory_does(
    url_and_prefix: ElasticSettings, told: Saves, questions: Asked
) -> None:
    """Any query gives the same pages in any order, the same facets and the same histogram."""
    ours, theirs = asyncio.run(both(url_and_prefix, told, questions))

    for question, mine, expected in zip(questions, ours, theirs, strict=True):
        assert mine == expected, question


async def test_common_queries_give_the_same_answers(elastic_settings: ElasticSettings) -> None:
    """Where more match than are counted, pages, facets and histograms are those of the memory index all the same."""
    told = list(crowd())
    texts = {document.uid: text for document, text in told}
    dice = random.Random(7)
    async with (
        ElasticMessageIndex(Elastic(elastic_settings), version="1", refresh=True) as ours,
        MemoryMessageIndex() as memory,
    ):
        for index in (ours, memory):
            await index.save([document for document, _ in told], texts, checkpoint())
        for text in COMMON:
            await _compare_pages(ours, memory, parse(text), dice)
        for text in COMMON[::COUNTED]:
            mine, theirs = [await _counts(index, parse(text)) for index in (ours, memory)]
            assert mine == theirs, text


async def _counts(index: MessageIndex, query: Query) -> tuple[object, list[int]]:
    fields = ["exchange", "queue", "trace_id", "latency_ms", "publish_observed"]
    since, width_ns = NOW - 3600 * SECOND, 67 * SECOND + 1
    return (
        await index.facets(query, fields, size=3, now_ns=NOW),
        list(await index.histogram(query, since=since, width_ns=width_ns, buckets=60, now_ns=NOW)),
    )


async def _compare_pages(
    ours: MessageIndex, memory: MessageIndex, query: Query, dice: random.Random
) -> None:
    sort, after = Sort(dice.choice(sorted(SORT_VALUES)), dice.random() < 0.5), None
    for _ in range(2):
        mine, theirs = [
            await index.search(query, sort=sort, limit=300, after=after, now_ns=NOW)
            for index in (ours, memory)
        ]
        assert shown([mine]) == shown([theirs]), (query, sort)
        assert not theirs.total_is_exact, query
        after = theirs.after


HARD_HEADERS = {
    "a=b": "c",
    "a": "b=c",
    "back\\": "slash=\\=",
    're(g)[e]x.*+?|&~#@<1-2>"': "v1",
    "ü.日": "wörd 日",
    "a\nb": "line\nbreak",
    "long": "x" * 3_000,
    "empty": "",
    "x": "\U0001d400" * 400,
}
HARD_TEXT = "card " + "\U0001d400" * 300 + " " + "y" * 600 + ' ünd "quoted" \x00 end'
HARD = (
    Term("header.a=b", "c"), Term("header.a", "b=c"), Prefix("header.a", "b="), Exists("header.a=b"),
    Term("header.back\\", "slash=\\="), Exists("header.back"), Prefix("header.long", "x" * 980),
    Term("header.long", "x" * 1_024), Term("header.long", "x" * 3_000), Term("header.empty", ""),
    Prefix("header.empty", ""), Term("header.a\nb", "line\nbreak"), Prefix("header.ü.日", "wörd"),
    Exists("header.ü"), Term("headers", "\U0001d400" * 400), Term("body", "\U0001d400" * 300),
    Prefix("body", "\U0001d400" * 290), Prefix("body", "card \U0001d400"), Term("body", "y" * 600),
    Prefix("body", "y" * 300), Term(None, "y" * 599), Prefix("body", "ünd quoted en"), Term("message_id", "m" * 1_024),
    Prefix("message_id", "m" * 990), Term("message_id", "m" * 5_000), Range("latency_ms", 2**53 + 1, None),
    Range("latency_ms", None, 2**53 + 1), Range("latency_ms", 2**53, 2**53, include_low=False),
    Range("position", 0.5, 1.5), Range("position", 0.5, 0.7), Range("position", -(2**63), 2**63 - 1),
    Range("position", None, 9.3e18), Range("published_at", 9.3e18, None), Term("publish_observed", "t"),
    Prefix("publish_observed", "t"), Not(Not(Term("vhost", "/"))), Not(Or((Term("vhost", "/"), Exists("type")))),
)  # fmt: skip
"""Queries that are hard to say to Elasticsearch."""


async def test_hard_values_are_found_as_elsewhere(elastic_settings: ElasticSettings) -> None:
    """Long values, signs that Elasticsearch gives a meaning, and numbers at their ends are compared as in memory."""
    told = [
        message(0, headers=HARD_HEADERS, message_id="m" * 5_000, latency_ms=float(2**53)),
        message(1, latency_ms=float(2**53 + 2), publish_observed=False, type="t"),
    ]
    fields = [f"header.{name}" for name in HARD_HEADERS]
    async with (
        ElasticMessageIndex(Elastic(elastic_settings), version="1", refresh=True) as ours,
        MemoryMessageIndex() as memory,
    ):
        for index in (ours, memory):
            await index.save(told, {"main-0": HARD_TEXT}, checkpoint())

        for query in HARD:
            assert await ours.facets(query, fields, size=3, now_ns=NOW) == await memory.facets(
                query, fields, size=3, now_ns=NOW
            )
            mine, theirs = [await every_page(index, query, Sort(), 5) for index in (ours, memory)]
            assert mine == theirs, query


async def test_a_large_page_is_read_in_parts(elastic_settings: ElasticSettings) -> None:
    """A page may be larger than what Elasticsearch gives at once."""
    told = [message(i) for i in range(HITS_MAX + 3)]
    async with ElasticMessageIndex(Elastic(elastic_settings), version="1", refresh=True) as index:
        await index.save(told, {}, checkpoint())

        page = await index.search(parse(""), sort=Sort(), limit=HITS_MAX + 1, now_ns=NOW)

        assert [item.position for item in page.items] == list(range(HITS_MAX + 2, 1, -1))
        assert (page.total, page.total_is_exact) == (HITS_MAX + 3, True)
        assert page.after == (told[2].published_at, 2)


async def test_a_query_that_asks_too_much_is_refused_or_right(
    elastic_settings: ElasticSettings,
) -> None:
    """More levels, a longer beginning or more words begun in a phrase than Elasticsearch takes give no wrong answer."""
    texts = {f"main-{i}": f"card {_words(i * 15_000, 15_000)}" for i in range(8)}
    levels = [f"state:s{i} {'AND' if i % 2 else 'OR'} (" for i in range(45)]
    deep = "".join(levels) + "state:end" + ")" * len(levels)
    long = f"message_id:{'m' * 1_001}*"
    async with ElasticMessageIndex(Elastic(elastic_settings), version="1", refresh=True) as index:
        await index.save([message(i) for i in range(8)], texts, checkpoint())

        assert await _total(index, "w*") == 8
        for query, expected in ((deep, 0), ('"card w"*', 8), (long, 0)):
            assert await _total(index, query) in (expected, None), query
        assert None in [await _total(index, query) for query in (deep, long)]


async def _total(index: MessageIndex, query: str) -> int | None:
    """Return how many messages *query* finds; None where Elasticsearch refuses it."""
    try:
        return (await index.search(parse(query), sort=Sort(), limit=1, now_ns=NOW)).total
    except QueryInvalid:
        return None


def _words(first: int, count: int) -> str:
    return " ".join(f"w{i}" for i in range(first, first + count))
