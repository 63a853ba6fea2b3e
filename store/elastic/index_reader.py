"""Searching message documents in Elasticsearch: pages, facets and histograms, as every other store answers them.

What is found is what was refreshed last, so a search is up to a second behind what was saved. Where nothing has been
indexed yet, nothing is found.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from store.documents import MessageDocument
from store.elastic.connection import Elastic, RequestRefused
from store.elastic.documents import ask
from store.elastic.index_document import unpacked
from store.elastic.index_fields import (
    DOCUMENT,
    MESSAGE,
    POSITION,
    PUBLISHED_AT,
    SORTED_BY,
    stored_as,
)
from store.elastic.index_query import Dsl, all_of, dsl
from store.errors import LogDamaged, QueryInvalid
from store.ports import Page, Sort
from store.query import Query
from store.ranking import FACET_MATCHES_MAX, TOTAL_MAX, check_sort, missing, within_histogram

HITS_MAX = 5_000
READ_HITS = 1_000  # with bodies of up to 64 KiB each
TIMEOUT_S = 60.0
HISTOGRAM_VALUES_MAX = 20
"""More than any field of HISTOGRAM_FIELDS has values, so that none is left out and each count is exact."""

Key = tuple[int, int]


class _Source(msgspec.Struct, frozen=True):
    document: bytes | None = msgspec.field(name=DOCUMENT, default=None)
    message: str | None = None


class _Hit(msgspec.Struct, frozen=True):
    source: _Source = msgspec.field(name="_source", default=_Source())
    sort: Key = (0, 0)


class _Total(msgspec.Struct, frozen=True):
    value: int = 0


class _Hits(msgspec.Struct, frozen=True):
    total: _Total = _Total()
    hits: list[_Hit] = []


class _Found(msgspec.Struct, frozen=True):
    hits: _Hits = _Hits()


class _Value(msgspec.Struct, frozen=True):
    key: str
    doc_count: int


class _Values(msgspec.Struct, frozen=True):
    buckets: list[_Value] = []


class _Count(msgspec.Struct, frozen=True):
    doc_count: int
    values: _Values = _Values()


class _Buckets(msgspec.Struct, frozen=True):
    buckets: list[_Count] = []


class _Counted(msgspec.Struct, frozen=True):
    counts: _Buckets = _Buckets()


class _Histogram(msgspec.Struct, frozen=True):
    aggregations: _Counted = _Counted()


_found = msgspec.json.Decoder(_Found)
_histogram = msgspec.json.Decoder(_Histogram)


class IndexReader:
    """Asks the indices behind the alias."""

    def __init__(self, elastic: Elastic) -> None:
        self._elastic = elastic

    async def ask(self, body: Mapping[str, Any]) -> bytes:
        """Return the answer to a search.

        Raises:
            QueryInvalid: Elasticsearch cannot answer this query: it is too deep, or asks for too many words at once.
        """
        try:
            return await ask(self._elastic, self._elastic.names.messages, body, timeout_s=TIMEOUT_S)
        except RequestRefused as error:
            if error.status != 400:
                raise
            raise QueryInvalid(f"Elasticsearch cannot answer this: {error.reason}", 0) from error

    async def get(self, uid: str) -> MessageDocument | None:
        body = {"size": 1, "query": {"ids": {"values": [uid]}}, "_source": [DOCUMENT]}
        hits = _found.decode(await self.ask(body)).hits.hits
        return _document(hits[0].source) if hits else None

    async def page(
        self, query: Query, sort: Sort, limit: int, after: Key | None, *, exact: bool, now_ns: int
    ) -> Page:
        check_sort(sort)
        asked = dsl(query, now_ns)
        hits: list[_Hit] = []
        at, total = after, 0
        while True:
            size = min(limit + 1 - len(hits), HITS_MAX)
            counted: bool | int = False if at != after else True if exact else TOTAL_MAX + 1
            body = _search(asked, sort, size, at) | {
                "_source": [DOCUMENT],
                "track_total_hits": counted,
            }
            found = _found.decode(await self.ask(body)).hits
            total = max(total, found.total.value)
            hits += found.hits
            if len(found.hits) < size or len(hits) > limit:
                break
            at = hits[-1].sort
        items = hits[:limit]
        is_exact = exact or total <= TOTAL_MAX
        return Page(
            items=[_document(hit.source) for hit in items],
            total=total if is_exact else TOTAL_MAX,
            total_is_exact=is_exact,
            after=items[-1].sort if len(hits) > limit and items else None,
        )

    async def newest(self, query: Query, now_ns: int) -> Dsl:
        """Return the filter for those matches of *query* that facets are counted over: the newest ones."""
        asked = dsl(query, now_ns)
        body = _search(asked, Sort(), 1, None) | {
            "from": FACET_MATCHES_MAX - 1,
            "_source": False,
            "track_total_hits": False,
        }
        hits = _found.decode(await self.ask(body)).hits.hits
        if not hits:
            return asked
        at, position = hits[0].sort
        same: Dsl = {
            "bool": {
                "filter": [
                    {"term": {PUBLISHED_AT: at}},
                    {"range": {POSITION: {"gte": position}}},
                ]
            }
        }
        later: Dsl = {"range": {PUBLISHED_AT: {"gt": at}}}
        newest: Dsl = {"bool": {"should": [later, same], "minimum_should_match": 1}}
        return all_of([asked, newest])

    async def documents(self, asked: Dsl) -> AsyncIterator[MessageDocument]:
        """Yield the messages that *asked* holds for, newest first."""
        async for hit in self._all(asked, DOCUMENT):
            yield _document(hit.source)

    async def texts(self, asked: Dsl) -> AsyncIterator[str]:
        """Yield the bodies that are text of the messages that *asked* holds for, newest first."""
        async for hit in self._all(asked, MESSAGE):
            if hit.source.message:
                yield hit.source.message

    async def _all(self, asked: Dsl, field: str) -> AsyncIterator[_Hit]:
        after: Key | None = None
        while True:
            body = _search(asked, Sort(), READ_HITS, after) | {
                "_source": [field],
                "track_total_hits": False,
            }
            hits = _found.decode(await self.ask(body)).hits.hits
            for hit in hits:
                yield hit
            if len(hits) < READ_HITS:
                return
            after = hits[-1].sort

    async def histogram(
        self, query: Query, *, since: int, width_ns: int, buckets: int, now_ns: int
    ) -> Sequence[int]:
        body = _histogram_of(query, since, width_ns, buckets, now_ns, {})
        counted = _histogram.decode(await self.ask(body)).aggregations.counts.buckets
        return [bucket.doc_count for bucket in counted] or [0] * buckets

    async def histogram_by(
        self, query: Query, field: str, *, since: int, width_ns: int, buckets: int, now_ns: int
    ) -> Sequence[Mapping[str, int]]:
        values = {"terms": {"field": stored_as(field), "size": HISTOGRAM_VALUES_MAX}}
        body = _histogram_of(query, since, width_ns, buckets, now_ns, {"values": values})
        counted = _histogram.decode(await self.ask(body)).aggregations.counts.buckets
        told = [{each.key: each.doc_count for each in one.values.buckets} for one in counted]
        return told or [{} for _ in range(buckets)]


def _histogram_of(
    query: Query, since: int, width_ns: int, buckets: int, now_ns: int, within: dict[str, Any]
) -> dict[str, Any]:
    """Return the body of a search that counts in buckets of time, and in each bucket what *within* aggregates."""
    asked = dsl(within_histogram(query, since, width_ns, buckets), now_ns)
    borders = [since + i * width_ns for i in range(buckets + 1)]
    filters = [
        {"range": {PUBLISHED_AT: {"gte": low, "lt": high}}} for low, high in pairwise(borders)
    ]
    counts: dict[str, Any] = {"filters": {"filters": filters}}
    return {
        "size": 0,
        "track_total_hits": False,
        "query": _constant(asked),
        "aggs": {"counts": counts | ({"aggs": within} if within else {})},
    }


def _search(asked: Dsl, sort: Sort, size: int, after: Key | None) -> dict[str, Any]:
    """Return the body of a search in the order of *sort*, ties by position."""
    order = "desc" if sort.descending else "asc"
    body: dict[str, Any] = {
        "size": size,
        "query": _constant(asked),
        "sort": [
            {field: {"order": order, "missing": missing(sort), "unmapped_type": "long"}}
            for field in (SORTED_BY[sort.field], POSITION)
        ],
    }
    if after is not None:
        body["search_after"] = after
    return body


def _constant(asked: Dsl) -> Dsl:
    """Return *asked* without scores, which nothing is ordered by."""
    return {"constant_score": {"filter": asked}}


def _document(source: _Source) -> MessageDocument:
    if source.document is None:
        raise LogDamaged("what searches go to holds a document that is no message")
    return unpacked(source.document)
