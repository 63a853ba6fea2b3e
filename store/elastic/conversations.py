"""Conversations in Elasticsearch: a few aggregations, each exact.

Counts are exact because every conversation asked for is named, so that no shard leaves one out. Times of the first and
last message are those of the messages; what lies between them is counted as fractions, to less than a µs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from store.conversations import FAILURES, Conversation, Figures, Key, Match
from store.elastic.index_document import unpacked
from store.elastic.index_fields import (
    DOCUMENT,
    POSITION,
    PUBLISHED_AT,
    SERVICES,
    STATE,
    TRACE_ID,
    stored_as,
)
from store.elastic.index_query import Dsl, all_of, dsl
from store.elastic.index_reader import IndexReader
from store.query import Query

SERVICES_MAX = 1_000
STATES_MAX = 20
ASKED_MAX = 2_000
"""So many conversations are counted with one request."""
HAPPENED = (
    "published_at",
    "copies.enqueued_at",
    "copies.attempts.delivered_at",
    "copies.dead_letter.at",
)
"""The times of a message, the latest of which is the last that is known of it."""


class _Found(msgspec.Struct, frozen=True):
    sort: Key
    fields: dict[str, list[str]] = {}


class _FoundHits(msgspec.Struct, frozen=True):
    hits: list[_Found] = []


class _Walked(msgspec.Struct, frozen=True):
    hits: _FoundHits = _FoundHits()


class _Source(msgspec.Struct, frozen=True):
    document: bytes | None = msgspec.field(name=DOCUMENT, default=None)


class _Hit(msgspec.Struct, frozen=True):
    source: _Source = msgspec.field(name="_source", default=_Source())
    sort: tuple[int, ...] = ()


class _Hits(msgspec.Struct, frozen=True):
    hits: list[_Hit] = []


class _Top(msgspec.Struct, frozen=True):
    hits: _Hits = _Hits()


class _Number(msgspec.Struct, frozen=True):
    value: float | None = None


class _Value(msgspec.Struct, frozen=True):
    key: str
    doc_count: int


class _Values(msgspec.Struct, frozen=True):
    buckets: list[_Value] = []


class _Filtered(msgspec.Struct, frozen=True):
    doc_count: int = 0
    top: _Top = _Top()


class _Trace(msgspec.Struct, frozen=True):
    key: str
    doc_count: int
    started: _Number = _Number()
    ended: _Number = _Number()
    published_at: _Number = _Number()
    enqueued_at: _Number = msgspec.field(name="copies.enqueued_at", default=_Number())
    delivered_at: _Number = msgspec.field(name="copies.attempts.delivered_at", default=_Number())
    died_at: _Number = msgspec.field(name="copies.dead_letter.at", default=_Number())
    failures: _Filtered = _Filtered()
    died: _Filtered = _Filtered()
    parentless: _Filtered = _Filtered()
    first: _Top = _Top()
    last: _Top = _Top()
    states: _Values = _Values()
    services: _Values = _Values()


class _Traces(msgspec.Struct, frozen=True):
    buckets: list[_Trace] = []


class _Aggregations(msgspec.Struct, frozen=True):
    traces: _Traces = _Traces()


class _Counted(msgspec.Struct, frozen=True):
    aggregations: _Aggregations = _Aggregations()


_walked = msgspec.json.Decoder(_Walked)
_counted = msgspec.json.Decoder(_Counted)

_NEWEST_FIRST = [
    {field: {"order": "desc", "unmapped_type": "long"}} for field in (PUBLISHED_AT, POSITION)
]
_OLDEST_FIRST = [
    {field: {"order": "asc", "unmapped_type": "long"}} for field in (PUBLISHED_AT, POSITION)
]
_FIGURES: dict[str, Any] = {
    "started": {"min": {"field": PUBLISHED_AT}},
    "failures": {"filter": {"terms": {STATE: list(FAILURES)}}},
    **{name: {"max": {"field": stored_as(name)}} for name in HAPPENED},
}


def _top(order: list[dict[str, Any]], fields: list[str]) -> dict[str, Any]:
    return {"top_hits": {"size": 1, "sort": order, "_source": fields or False}}


_TOLD: dict[str, Any] = _FIGURES | {
    "states": {"terms": {"field": STATE, "size": STATES_MAX}},
    "services": {"terms": {"field": SERVICES, "size": SERVICES_MAX}},
    "died": {"filter": {"term": {"copies.dead_letter.timer": "false"}}},
    "first": _top(_OLDEST_FIRST, [DOCUMENT]),
    "last": _top(_NEWEST_FIRST, []),
    "parentless": {
        "filter": {"bool": {"must_not": [{"exists": {"field": "parent.uid"}}]}},
        "aggs": {"top": _top(_OLDEST_FIRST, [DOCUMENT])},
    },
}


class ElasticFinder:
    """A :class:`store.conversations.Finder` over what *reader* searches."""

    def __init__(self, reader: IndexReader) -> None:
        self._reader = reader

    async def newest(
        self, query: Query, *, before: Key | None, limit: int, now_ns: int
    ) -> Sequence[Match]:
        found: list[Match] = []
        at = before
        while len(found) < limit:
            size = min(limit - len(found), 10_000)
            body: dict[str, Any] = {
                "size": size,
                "query": _filtered(dsl(query, now_ns)),
                "sort": _NEWEST_FIRST,
                "_source": False,
                "docvalue_fields": [TRACE_ID],
                "track_total_hits": False,
            }
            if at is not None:
                body["search_after"] = at
            hits = _walked.decode(await self._reader.ask(body)).hits.hits
            found += [Match(*hit.sort, hit.fields.get(TRACE_ID, [""])[0]) for hit in hits]
            if len(hits) < size:
                break
            at = hits[-1].sort
        return found

    async def seen(
        self, query: Query, trace_ids: Sequence[str], *, since: Key, now_ns: int
    ) -> set[str]:
        later: Dsl = {"range": {PUBLISHED_AT: {"gt": since[0]}}}
        same: Dsl = {
            "bool": {
                "filter": [
                    {"term": {PUBLISHED_AT: since[0]}},
                    {"range": {POSITION: {"gte": since[1]}}},
                ]
            }
        }
        newer: Dsl = {"bool": {"should": [later, same], "minimum_should_match": 1}}
        asked = [dsl(query, now_ns), newer]
        return {each.key for each in await self._traces(asked, trace_ids, {})}

    async def figures(
        self, trace_ids: Sequence[str], *, before: int | None
    ) -> Mapping[str, Figures]:
        asked: list[Dsl] = [] if before is None else [{"range": {POSITION: {"lt": before}}}]
        found: dict[str, Figures] = {}
        for start in range(0, len(trace_ids), ASKED_MAX):
            some = trace_ids[start : start + ASKED_MAX]
            for each in await self._traces(asked, some, _FIGURES):
                published_at = int(each.published_at.value or 0)
                found[each.key] = _figures(each, int(each.started.value or 0), published_at)
        return found

    async def told(self, trace_ids: Sequence[str]) -> Sequence[Conversation]:
        return [_conversation(each) for each in await self._traces([], trace_ids, _TOLD)]

    async def _traces(
        self, asked: list[Dsl], trace_ids: Sequence[str], within: dict[str, Any]
    ) -> Sequence[_Trace]:
        """Return the conversations of *trace_ids* that have messages, with what *within* aggregates."""
        named: Dsl = {"terms": {TRACE_ID: list(trace_ids)}}
        size = max(len(trace_ids), 1)
        of_each: dict[str, Any] = {
            "terms": {
                "field": TRACE_ID,
                "size": size,
                "shard_size": size,
                "execution_hint": "map",
            }
        }
        if within:
            of_each["aggs"] = within
        body = {
            "size": 0,
            "track_total_hits": False,
            "query": _filtered(all_of([*asked, named])),
            "aggs": {"traces": of_each},
        }
        return _counted.decode(await self._reader.ask(body)).aggregations.traces.buckets


def _filtered(asked: Dsl) -> Dsl:
    return {"constant_score": {"filter": asked}}


def _figures(trace: _Trace, started_at: int, last_published_at: int) -> Figures:
    times = (trace.enqueued_at.value, trace.delivered_at.value, trace.died_at.value)
    return Figures(
        messages=trace.doc_count,
        started_at=started_at,
        last_published_at=last_published_at,
        last_at=max([last_published_at, *(int(at) for at in times if at is not None)]),
        failures=trace.failures.doc_count,
    )


def _conversation(trace: _Trace) -> Conversation:
    first, last = trace.first.hits.hits[0], trace.last.hits.hits[0]
    parentless = trace.parentless.top.hits.hits
    root = (parentless[0] if parentless else first).source.document
    assert root is not None
    return Conversation(
        trace_id=trace.key,
        figures=_figures(trace, first.sort[0], last.sort[0]),
        states={each.key: each.doc_count for each in trace.states.buckets},
        dead_letters=trace.died.doc_count,
        services=tuple(sorted(each.key for each in trace.services.buckets)),
        services_of=trace.doc_count,
        root=unpacked(root),
    )
