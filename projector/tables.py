"""Messages, deliveries, edges, dead letters and queues as flat rows under typed columns: what exports and frames share.

Pure. A row is a tuple in the order of its table's columns. Times are ns UTC, broker text that is not UTF-8 is shown with
escapes, lists stay lists.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from events.values import Text, shown
from projector.answers import QueueState
from projector.timed import label_of
from projector.views.latencies import Times
from projector.views.sketch import add, counted, percentiles
from store.documents import Attempt, Copy, MessageDocument

Row = tuple[Any, ...]
NS_PER_MS = 1e6
EDGES_MAX = 50_000
EDGE_SHARES = (0.5, 0.95, 0.99)
OTHERS = "(others)"


class Kind(StrEnum):
    """What the values of a column are; each may be missing. A category is text of few values, a time ns UTC."""

    TEXT = "text"
    CATEGORY = "category"
    TEXTS = "texts"
    TIME = "time"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"


class Column(NamedTuple):
    """A column of a table."""

    name: str
    kind: Kind


def _columns(told: str) -> tuple[Column, ...]:
    """Return the columns that *told* names, as ``name:kind`` each."""
    return tuple(Column(name, Kind(kind)) for name, kind in (c.split(":") for c in told.split()))


MESSAGES, DELIVERIES, EDGES, DEAD_LETTERS, QUEUES = (
    "messages",
    "deliveries",
    "edges",
    "dead-letters",
    "queues",
)
BODY_COLUMNS = _columns("body:text body_encoding:category")
"""What messages have more where bodies are asked for."""

COLUMNS: Mapping[str, tuple[Column, ...]] = {
    MESSAGES: _columns(
        "uid:text position:integer published_at:time time_quality:category publish_observed:boolean vhost:category "
        "exchange:category routing_key:text type:category publisher:category state:category queues:texts "
        "consumers:texts trace_id:text parent_uid:text parent_evidence:category parent_confidence:number "
        "message_id:text correlation_id:text app_id:category content_type:category body_bytes:integer "
        "queue_wait_ms:number processing_ms:number processing_evidence:category end_to_end_ms:number "
        "retry_rounds:integer deliveries:integer framework:category error:text"
    ),
    DELIVERIES: _columns(
        "uid:text position:integer delivered_at:time published_at:time enqueued_at:time time_quality:category "
        "vhost:category exchange:category routing_key:text queue:category type:category publisher:category "
        "consumer:category number:integer redelivered:boolean origin:category copy_state:category trace_id:text "
        "queue_wait_ms:number processing_ms:number processing_evidence:category settled:category"
    ),
    EDGES: _columns(
        "publisher:category vhost:category exchange:category queue:category consumer:category type:category "
        "messages:integer deliveries:integer redelivered:integer first_at:time last_at:time "
        "queue_wait_p50_ms:number queue_wait_p95_ms:number queue_wait_p99_ms:number timed:integer "
        "processing_p50_ms:number processing_p95_ms:number processing_p99_ms:number estimated:integer"
    ),
    DEAD_LETTERS: _columns(
        "uid:text died_at:time published_at:time vhost:category queue:category reason:category timer:boolean "
        "count:integer exchange:category routing_key:text to_queues:texts type:category publisher:category "
        "consumer:category app_id:category state:category trace_id:text error:text"
    ),
    QUEUES: _columns(
        "vhost:category name:text type:category durable:boolean waiting:integer returned:integer delivered:integer "
        "uncertain:integer unseen:integer broker_ready:integer broker_unacked:integer sampled_at:time "
        "agreement:category confidence:number oldest_at:time published:integer deliveries:integer "
        "dead_lettered:integer consumers:texts matching:integer"
    ),
}


def message_row(document: MessageDocument) -> Row:
    """Return a message's row; its work is that of its first delivery of which anything tells."""
    attempts = [attempt for copy in document.copies for attempt in copy.attempts]
    worked = next((each for each in attempts if each.processing_ms is not None), None)
    parent = document.parent
    return (
        document.uid,
        document.position,
        document.published_at,
        document.time_quality,
        document.publish_observed,
        shown(document.vhost),
        shown(document.exchange),
        _first(document.routing_keys),
        _type(document),
        document.publisher.service,
        document.state,
        _distinct(copy.queue for copy in document.copies),
        _distinct(attempt.consumer.service for attempt in attempts),
        document.trace_id or None,
        None if parent is None else parent.uid,
        None if parent is None else parent.evidence,
        None if parent is None else parent.confidence,
        _text(document.message_id),
        _text(document.correlation_id),
        _text(document.app_id),
        _text(document.content_type),
        None if document.body is None else document.body.size,
        document.latency_ms,
        None if worked is None else worked.processing_ms,
        None if worked is None else worked.processing_evidence,
        document.end_to_end_ms,
        document.retry_rounds,
        len(attempts),
        document.framework,
        document.error,
    )


def delivery_rows(document: MessageDocument) -> Iterator[Row]:
    """Yield a row for each delivery of a message."""
    for copy in document.copies:
        for number, attempt in enumerate(copy.attempts, 1):
            yield _delivery(document, copy, number, attempt)


def _delivery(document: MessageDocument, copy: Copy, number: int, attempt: Attempt) -> Row:
    return (
        document.uid,
        attempt.position,
        attempt.delivered_at,
        document.published_at,
        copy.enqueued_at,
        document.time_quality,
        shown(document.vhost),
        shown(document.exchange),
        _first(document.routing_keys),
        shown(copy.queue),
        _type(document),
        document.publisher.service,
        attempt.consumer.service,
        number,
        attempt.redelivered,
        copy.origin,
        copy.state,
        document.trace_id or None,
        copy.queue_wait_ms if number == 1 else None,
        attempt.processing_ms,
        attempt.processing_evidence,
        attempt.settled,
    )


def dead_letter_rows(document: MessageDocument) -> Iterator[Row]:
    """Yield a row for each copy of a message that died."""
    for copy in document.copies:
        death = copy.dead_letter
        if death is None:
            continue
        yield (
            document.uid,
            death.at,
            document.published_at,
            shown(document.vhost),
            shown(copy.queue),
            death.reason,
            death.timer,
            death.count,
            _text(death.exchange),
            _text(death.routing_key),
            _distinct(death.to_queues),
            _type(document),
            document.publisher.service,
            copy.attempts[-1].consumer.service if copy.attempts else None,
            _text(document.app_id),
            document.state,
            document.trace_id or None,
            document.error,
        )


class _Edge:
    __slots__ = ("deliveries", "first", "last", "messages", "redelivered", "times")

    def __init__(self) -> None:
        self.messages = self.deliveries = self.redelivered = self.last = 0
        self.first: int | None = None
        self.times = Times()


class Edges:
    """Who was given messages by whom, from which queue, counted over documents; beyond a limit types are one."""

    def __init__(self) -> None:
        self._edges: dict[tuple[Any, ...], _Edge] = {}

    def add(self, document: MessageDocument) -> None:
        """Count a message's deliveries."""
        for copy in document.copies:
            known: set[tuple[Any, ...]] = set()
            for number, attempt in enumerate(copy.attempts):
                key = self._key(document, copy, attempt)
                edge = self._edges.get(key)
                if edge is None:
                    edge = self._edges[key] = _Edge()
                edge.messages += key not in known
                known.add(key)
                edge.deliveries += 1
                edge.redelivered += attempt.redelivered
                at = attempt.delivered_at
                edge.first = at if edge.first is None else min(edge.first, at)
                edge.last = max(edge.last, at)
                if number == 0 and copy.queue_wait_ms is not None:
                    add(edge.times.waits, round(copy.queue_wait_ms * NS_PER_MS))
                if attempt.processing_ms is not None:
                    add(edge.times.work, round(attempt.processing_ms * NS_PER_MS))

    def _key(self, document: MessageDocument, copy: Copy, attempt: Attempt) -> tuple[Any, ...]:
        key = (
            document.publisher.service,
            shown(document.vhost),
            shown(document.exchange),
            shown(copy.queue),
            attempt.consumer.service,
            _type(document),
        )
        if key in self._edges or len(self._edges) < EDGES_MAX:
            return key
        return (*key[:5], OTHERS) if len(self._edges) < 2 * EDGES_MAX else (OTHERS,) * 6

    def rows(self) -> Iterator[Row]:
        """Yield a row for each edge, the busiest first."""
        order = sorted(self._edges.items(), key=lambda item: (-item[1].deliveries, repr(item[0])))
        for key, edge in order:
            yield (
                *key,
                edge.messages,
                edge.deliveries,
                edge.redelivered,
                edge.first,
                edge.last,
                *percentiles(edge.times.waits, EDGE_SHARES),
                counted(edge.times.waits),
                *percentiles(edge.times.work, EDGE_SHARES),
                counted(edge.times.work),
            )


def queue_row(state: QueueState, matching: int | None) -> Row:
    """Return a queue's row; *matching* is how many matches of a query have a copy there (None: no query)."""
    return (
        shown(state.vhost),
        shown(state.name),
        shown(state.type),
        state.durable,
        state.waiting,
        state.returned,
        state.delivered,
        state.uncertain,
        state.unseen,
        state.broker_ready,
        state.broker_unacked,
        state.sampled_at,
        state.agreement.verdict,
        state.agreement.confidence,
        state.oldest_at,
        state.published,
        state.deliveries,
        state.dead_lettered,
        list(state.consumers),
        matching,
    )


def _type(document: MessageDocument) -> str:
    return shown(label_of(document))


def _text(value: Text | None) -> str | None:
    return None if value is None else shown(value)


def _first(values: tuple[Text, ...]) -> str | None:
    return shown(values[0]) if values else None


def _distinct(values: Iterable[Text | None]) -> list[str]:
    return list(dict.fromkeys(shown(value) for value in values if value is not None))
