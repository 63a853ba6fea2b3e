"""The message index on Elasticsearch: documents per second, and the time of searches over a million messages.

Indexing is held against writing the same documents as blobs that nothing of is indexed; searching against the cheapest
search there is on the same index, the newest page of everything, without what hoptrail adds.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from itertools import islice

import msgspec

from bench.measure import Timed, timed
from bench.search import BATCH, DOCUMENTS, NOW_NS, QUERIES, ROUNDS, Told, documents, named
from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.index import ElasticMessageIndex
from store.errors import QueryInvalid
from store.ports import Checkpoint
from store.query_parser import parse

PREFIX = "benchsearch"
_encode = msgspec.msgpack.Encoder().encode
_json = msgspec.json.Encoder().encode


async def fill(elastic: Elastic, stream: Iterator[Told]) -> None:
    """Write documents to the index."""
    async with ElasticMessageIndex(elastic, version="bench") as index:
        while batch := list(islice(stream, BATCH)):
            texts = {document.uid: text for document, text in batch}
            end = batch[-1][0].position + 1
            checkpoint = Checkpoint("messages", "bench", end, end // BATCH)
            await index.save([document for document, _ in batch], texts, checkpoint)


def prepare(url: str, count: int) -> None:
    """Make the index that the searches ask, and wait until it is merged as far as it will be."""

    async def work() -> None:
        async with Elastic(ElasticSettings.of_url(url, prefix=PREFIX)) as elastic:
            await fill(elastic, documents(count))
            await elastic.request("POST", f"/{PREFIX}-messages/_refresh")

    asyncio.run(work())


def index_documents(url: str, count: str = str(DOCUMENTS)) -> Timed:
    """Index *count* documents."""
    made = list(documents(int(count)))

    async def work() -> None:
        async with Elastic(ElasticSettings.of_url(url, prefix=f"bench{os.getpid()}")) as elastic:
            await fill(elastic, iter(made))

    async def clear() -> None:
        async with (
            Elastic(ElasticSettings.of_url(url, prefix=f"bench{os.getpid()}")) as elastic,
            ElasticMessageIndex(elastic, version="bench") as index,
        ):
            await index.clear()

    result = timed(len(made), lambda: asyncio.run(work()))
    asyncio.run(clear())
    return result


def write_blobs(url: str, count: str = str(DOCUMENTS)) -> Timed:
    """Write *count* documents as blobs, in bulk requests as large as those of the index."""
    made = list(documents(int(count)))
    name = f"/bench{os.getpid()}-blobs"

    async def work() -> None:
        async with Elastic(ElasticSettings.of_url(url)) as elastic:
            mapping = {
                "settings": {"index": {"number_of_shards": 1, "codec": "best_compression"}},
                "mappings": {"dynamic": False, "properties": {"blob": {"type": "binary"}}},
            }
            await elastic.request("PUT", name, body=_json(mapping))
            for start in range(0, len(made), BATCH):
                lines: list[bytes] = []
                for document, text in made[start : start + BATCH]:
                    lines.append(_json({"create": {"_id": document.uid}}))
                    lines.append(_json({"blob": _encode(document), "text": text}))
                await elastic.request(
                    "POST",
                    f"{name}/_bulk",
                    body=b"\n".join([*lines, b""]),
                    params={"filter_path": "errors"},
                    ndjson=True,
                )

    async def clear() -> None:
        async with Elastic(ElasticSettings.of_url(url)) as elastic:
            await elastic.request("DELETE", name, expect={404})

    result = timed(len(made), lambda: asyncio.run(work()))
    asyncio.run(clear())
    return result


def search_index(url: str) -> Timed:
    """Ask every query in turn, several rounds, of the index that was prepared."""
    spent: dict[str, list[float]] = {named(*each): [] for each in QUERIES}
    totals: dict[str, int] = {}
    refused: set[str] = set()

    async def ask() -> None:
        async with (
            Elastic(ElasticSettings.of_url(url, prefix=PREFIX)) as elastic,
            ElasticMessageIndex(elastic) as index,
        ):
            for _ in range(ROUNDS):
                for query, sort in QUERIES:
                    began = time.perf_counter()
                    try:
                        page = await index.search(parse(query), sort=sort, limit=50, now_ns=NOW_NS)
                    except (
                        QueryInvalid
                    ):  # a phrase whose last word begins more words than the server can try
                        refused.add(query)
                        continue
                    spent[named(query, sort)].append((time.perf_counter() - began) * 1e3)
                    totals[named(query, sort)] = page.total

    result = timed(ROUNDS * len(QUERIES), lambda: asyncio.run(ask()))
    every = sorted(value for values in spent.values() for value in values)
    result.extra["p50_ms"] = round(every[len(every) // 2], 1)
    result.extra["p95_ms"] = round(every[int(len(every) * 0.95)], 1)
    result.extra["refused"] = len(refused)
    result.extra["slowest_ms"] = {
        query: round(max(each), 1) for query, each in spent.items() if each
    }
    result.extra["totals"] = totals
    return result


def search_plainly(url: str) -> Timed:
    """Fetch the newest 50 of everything as often, without looking at them."""
    query = {
        "size": 50,
        "track_total_hits": False,
        "sort": [{"@timestamp": "desc"}],
        "query": {"match_all": {}},
    }
    count = ROUNDS * len(QUERIES)

    async def ask() -> None:
        async with Elastic(ElasticSettings.of_url(url)) as elastic:
            for _ in range(count):
                path = f"/{PREFIX}-messages/_search"
                await elastic.request("POST", path, body=_json(query))

    return timed(count, lambda: asyncio.run(ask()))
