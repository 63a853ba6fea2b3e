"""Elasticsearch gives the answers of the memory index, whatever the documents and the query.

An index costs time: so an example has many documents, and many queries are asked of it.
"""

import asyncio
import random
import secrets
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.index import ElasticMessageIndex
from store.errors import QueryInvalid
from store.fields import FIELDS
from store.memory.index import MemoryMessageIndex
from store.ports import MessageIndex, Sort
from store.query import Query
from store.query_parser import parse
from store.ranking import SORT_VALUES
from tests.contract.documents import NOW, SECOND, bodies, checkpoint, documents
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
from tests.support.elastic_fixtures import forget
from tests.support.elastic_server import ElasticServer

EXAMPLES = settings(
    deadline=None,
    max_examples=15,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
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
        Elastic(elastic_settings) as elastic,
        ElasticMessageIndex(elastic, version="1", refresh=True) as ours,
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
        Elastic(elastic_settings) as elastic,
        ElasticMessageIndex(elastic, version="1", refresh=True) as ours,
        MemoryMessageIndex() as memory,
    ):
        for index in (ours, memory):
            await index.save([document for document, _ in told], texts, checkpoint())
        for text in COMMON:
            query = parse(text)
            await _compare_pages(ours, memory, query, dice)
            fields = ["exchange", "queue", "trace_id", "latency_ms", "publish_observed"]
            told_by = [
                (
                    await index.facets(query, fields, size=3, now_ns=NOW),
                    list(
                        await index.histogram(
                            query,
                            since=NOW - 3600 * SECOND,
                            width_ns=67 * SECOND + 1,
                            buckets=60,
                            now_ns=NOW,
                        )
                    ),
                )
                for index in (ours, memory)
            ]
            assert told_by[0] == told_by[1], text


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


async def test_a_query_that_asks_too_much_is_refused(elastic_settings: ElasticSettings) -> None:
    """Levels of AND in OR beyond what Elasticsearch takes are an error of the query, not a wrong answer."""
    async with (
        Elastic(elastic_settings) as elastic,
        ElasticMessageIndex(elastic, version="1", refresh=True) as index,
    ):
        await index.save([], {}, checkpoint())
        told: Sequence[str] = [f"state:s{i} {'AND' if i % 2 else 'OR'} (" for i in range(45)]
        deep = "".join(told) + "state:end" + ")" * len(told)
        with pytest.raises(QueryInvalid, match="Elasticsearch"):
            await index.search(parse(deep), sort=Sort(), limit=1, now_ns=NOW)
