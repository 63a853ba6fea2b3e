"""Deleting the oldest messages: days that are over as a whole, the rest one by one."""

import msgspec

from store.elastic import index_bulk as bulk
from store.elastic.connection import Elastic
from store.elastic.index_fields import POSITION
from store.elastic.index_versions import Versions

PAGE = 5_000
INDICES_MAX = 10_000  # more than a cluster holds shards


class _Value(msgspec.Struct):
    value: float | None = None


class _Bucket(msgspec.Struct):
    key: str
    doc_count: int
    first: _Value
    last: _Value


class _Buckets(msgspec.Struct):
    buckets: list[_Bucket]


class _Aggregations(msgspec.Struct):
    indices: _Buckets


class _Spans(msgspec.Struct):
    aggregations: _Aggregations | None = None


class _Hit(msgspec.Struct):
    id: str = msgspec.field(name="_id")
    sort: list[int]


class _Hits(msgspec.Struct):
    hits: list[_Hit] = []


class _Found(msgspec.Struct):
    hits: _Hits


_spans = msgspec.json.Decoder(_Spans)
_found = msgspec.json.Decoder(_Found)
_encode = msgspec.json.Encoder().encode

_BY_INDEX = {
    "indices": {
        "terms": {"field": "_index", "size": INDICES_MAX},
        "aggs": {"first": {"min": {"field": POSITION}}, "last": {"max": {"field": POSITION}}},
    }
}


async def drop_before(
    elastic: Elastic, version: str, position: int, *, refresh: bool
) -> tuple[int, set[str]]:
    """Delete the messages of *version* before *position*; return how many, and the indices that are left.

    The newest index always stays, for the alias to stand on.
    """
    versions = Versions(elastic)
    there = (await versions.all()).get(version, set())
    if not there:
        return 0, there
    kept = {max(there)}
    dropped = 0
    for bucket in await _spans_of(elastic, elastic.names.messages_of(version)):
        if (bucket.last.value or 0) < position and bucket.key not in kept:
            dropped += bucket.doc_count
            continue
        kept.add(bucket.key)
        if (bucket.first.value or 0) < position:
            dropped += await _drop_some(elastic, bucket.key, position, refresh=refresh)
    await versions.remove(there - kept)
    return dropped, kept


async def _spans_of(elastic: Elastic, pattern: str) -> list[_Bucket]:
    """Return the first and last position in each index that has any; what was indexed until now is counted."""
    await elastic.request("POST", f"/{pattern}/_refresh")
    answer = await elastic.request(
        "POST", f"/{pattern}/_search", body=_encode({"size": 0, "aggs": _BY_INDEX})
    )
    told = _spans.decode(answer.body).aggregations
    return [] if told is None else told.indices.buckets


async def _drop_some(elastic: Elastic, index: str, position: int, *, refresh: bool) -> int:
    dropped = 0
    after: list[int] = []
    while True:
        body: dict[str, object] = {
            "size": PAGE,
            "_source": False,
            "track_total_hits": False,
            "query": {"range": {POSITION: {"lt": position}}},
            "sort": [{POSITION: "asc"}],
        }
        if after:
            body["search_after"] = after
        answer = await elastic.request("POST", f"/{index}/_search", body=_encode(body))
        hits = _found.decode(answer.body).hits.hits
        if not hits:
            return dropped
        await bulk.delete(elastic, index, [hit.id for hit in hits], refresh=refresh)
        dropped += len(hits)
        after = hits[-1].sort
