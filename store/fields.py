"""The fields of a message that a query can name, and how their values are found in a document.

Pure. Names are those of the message object, with dots, and a few shorter ones. ``header.<path>`` and ``body.<path>``
reach into headers and JSON bodies; they are not in the table but found by :func:`field_of`.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

import msgspec

from events.values import Text, shown
from store.documents import Attempt, DeadLetter, MessageDocument, ParentLink, Party
from store.flatten import flatten, text_of

Value = str | int | float
Values = Iterable[Text | int | float | bool | None]

HEADER = "header."
BODY = "body."


class Kind(StrEnum):
    """How the values of a field are compared.

    keyword: equal, or beginning with; text: by words; number and time (ns): by size too; boolean: true or false.
    """

    KEYWORD = "keyword"
    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    BOOLEAN = "boolean"


class Field(msgspec.Struct, frozen=True):
    """A field and its values in a document. `values` is None for text fields, ``header.*`` and ``body.*``."""

    name: str
    kind: Kind
    values: Callable[[MessageDocument], Values] | None = None


def _party(prefix: str, parties: Callable[[MessageDocument], Iterable[Party]]) -> list[Field]:
    def of(pick: Callable[[Party], Text | float | None]) -> Callable[[MessageDocument], Values]:
        return lambda document: (pick(party) for party in parties(document))

    return [
        Field(f"{prefix}.service", Kind.KEYWORD, of(lambda party: party.service)),
        Field(f"{prefix}.connection", Kind.KEYWORD, of(lambda party: party.connection)),
        Field(f"{prefix}.user", Kind.KEYWORD, of(lambda party: party.user)),
        Field(f"{prefix}.evidence", Kind.KEYWORD, of(lambda party: party.evidence)),
        Field(
            f"{prefix}.confidence",
            Kind.NUMBER,
            of(lambda party: party.confidence if party.service is not None else None),
        ),
    ]


def _attempts(document: MessageDocument) -> Iterator[Attempt]:
    return (attempt for copy in document.copies for attempt in copy.attempts)


def _deaths(document: MessageDocument) -> Iterator[DeadLetter]:
    return (copy.dead_letter for copy in document.copies if copy.dead_letter is not None)


def _queues(document: MessageDocument) -> Values:
    return (*document.routed_queues, *(copy.queue for copy in document.copies))


def _services(document: MessageDocument) -> Values:
    return (document.publisher.service, *(a.consumer.service for a in _attempts(document)))


def _parents(prefix: str, links: Callable[[MessageDocument], Iterable[ParentLink]]) -> list[Field]:
    return [
        Field(f"{prefix}.uid", Kind.KEYWORD, lambda d: (link.uid for link in links(d))),
        Field(f"{prefix}.evidence", Kind.KEYWORD, lambda d: (link.evidence for link in links(d))),
        Field(
            f"{prefix}.confidence", Kind.NUMBER, lambda d: (link.confidence for link in links(d))
        ),
    ]


_ONE_OF: dict[str, Callable[[MessageDocument], Text | int | float | bool | None]] = {
    "uid": lambda d: d.uid,
    "time_quality": lambda d: d.time_quality,
    "vhost": lambda d: d.vhost,
    "exchange": lambda d: d.exchange,
    "message_id": lambda d: d.message_id,
    "correlation_id": lambda d: d.correlation_id,
    "type": lambda d: d.type,
    "content_type": lambda d: d.content_type,
    "content_encoding": lambda d: d.content_encoding,
    "reply_to": lambda d: d.reply_to,
    "app_id": lambda d: d.app_id,
    "state": lambda d: d.state,
    "trace_id": lambda d: d.trace_id or None,
    "not_observed": lambda d: d.not_observed,
    "message_type": lambda d: d.message_type,
    "message_type_evidence": lambda d: d.message_type_evidence,
    "framework": lambda d: d.framework,
    "error": lambda d: d.error,
}


def _one(
    pick: Callable[[MessageDocument], Text | int | float | bool | None],
) -> Callable[[MessageDocument], Values]:
    return lambda document: (pick(document),)


def _table() -> Iterator[Field]:
    for name, pick in _ONE_OF.items():
        yield Field(name, Kind.KEYWORD, _one(pick))
    yield Field("publish_observed", Kind.BOOLEAN, lambda d: (d.publish_observed,))
    yield Field("published_at", Kind.TIME, lambda d: (d.published_at,))
    yield Field("latency_ms", Kind.NUMBER, lambda d: (d.latency_ms,))
    yield Field("retry_rounds", Kind.NUMBER, lambda d: (d.retry_rounds,))
    yield Field("position", Kind.NUMBER, lambda d: (d.position,))
    yield Field("body.size", Kind.NUMBER, lambda d: (d.body.size if d.body else None,))
    yield Field("body.truncated", Kind.BOOLEAN, lambda d: (d.body.truncated if d.body else None,))
    yield Field("routing_keys", Kind.KEYWORD, lambda d: d.routing_keys)
    yield Field("routing_key", Kind.KEYWORD, lambda d: d.routing_keys)
    yield Field("routed_queues", Kind.KEYWORD, lambda d: d.routed_queues)
    yield Field("queue", Kind.KEYWORD, _queues)
    yield Field("service", Kind.KEYWORD, _services)
    yield Field("copies.queue", Kind.KEYWORD, lambda d: (c.queue for c in d.copies))
    yield Field("copies.origin", Kind.KEYWORD, lambda d: (c.origin for c in d.copies))
    yield Field("copies.state", Kind.KEYWORD, lambda d: (c.state for c in d.copies))
    yield Field("copies.cause", Kind.KEYWORD, lambda d: (c.cause for c in d.copies))
    yield Field("copies.enqueued_at", Kind.TIME, lambda d: (c.enqueued_at for c in d.copies))
    yield Field(
        "copies.attempts.delivered_at", Kind.TIME, lambda d: (a.delivered_at for a in _attempts(d))
    )
    yield Field(
        "copies.attempts.redelivered", Kind.BOOLEAN, lambda d: (a.redelivered for a in _attempts(d))
    )
    yield Field(
        "copies.attempts.processing_ms",
        Kind.NUMBER,
        lambda d: (a.processing_ms for a in _attempts(d)),
    )
    yield Field("end_to_end_ms", Kind.NUMBER, lambda d: (d.end_to_end_ms,))
    yield Field("framework_retries", Kind.NUMBER, lambda d: (d.framework_retries,))
    death = "copies.dead_letter"
    yield Field(f"{death}.reason", Kind.KEYWORD, lambda d: (x.reason for x in _deaths(d)))
    yield Field(f"{death}.exchange", Kind.KEYWORD, lambda d: (x.exchange for x in _deaths(d)))
    yield Field(f"{death}.routing_key", Kind.KEYWORD, lambda d: (x.routing_key for x in _deaths(d)))
    yield Field(
        f"{death}.to_queues", Kind.KEYWORD, lambda d: (q for x in _deaths(d) for q in x.to_queues)
    )
    yield Field(f"{death}.count", Kind.NUMBER, lambda d: (x.count for x in _deaths(d)))
    yield Field(f"{death}.timer", Kind.BOOLEAN, lambda d: (x.timer for x in _deaths(d)))
    yield Field(f"{death}.at", Kind.TIME, lambda d: (x.at for x in _deaths(d)))
    yield from _party("publisher", lambda d: (d.publisher,))
    yield from _party("copies.attempts.consumer", lambda d: (a.consumer for a in _attempts(d)))
    yield from _parents("parent", lambda d: (d.parent,) if d.parent else ())
    yield from _parents("other_parents", lambda d: d.other_parents)
    yield Field("body", Kind.TEXT)
    yield Field("headers", Kind.TEXT)


FIELDS: dict[str, Field] = {field.name: field for field in _table()}


def field_of(name: str) -> Field | None:
    """Return the field called *name*, also ``header.<path>`` and ``body.<path>``; None when there is no such field."""
    known = FIELDS.get(name)
    if known is not None:
        return known
    for prefix in (HEADER, BODY):
        if name.startswith(prefix) and len(name) > len(prefix):
            return Field(name, Kind.KEYWORD)
    return None


def keywords(field: Field, document: MessageDocument) -> Iterator[str]:
    """Yield the values of a keyword or boolean field of the table, as a search compares them."""
    for value in field.values(document) if field.values else ():
        if (text := text_of(value)) is not None:
            yield text


def numbers(field: Field, document: MessageDocument) -> Iterator[int | float]:
    """Yield the values of a number or time field."""
    for value in field.values(document) if field.values else ():
        if isinstance(value, int | float):
            yield value


FREE_FIELDS = (
    "message_id",
    "correlation_id",
    "type",
    "message_type",
    "error",
    "exchange",
    "routing_keys",
    "queue",
    "service",
)
"""The fields whose values are :func:`free_texts`."""


def free_texts(document: MessageDocument) -> Iterator[str]:
    """Yield the texts that a word without a field is looked for in, apart from headers and body."""
    values: tuple[Values, ...] = (
        (document.message_id, document.correlation_id, document.type, document.exchange),
        (document.message_type, document.error),
        document.routing_keys,
        _queues(document),
        _services(document),
    )
    for group in values:
        for value in group:
            if isinstance(value, str | bytes) and value:
                yield shown(value)


def header_pairs(document: MessageDocument) -> list[tuple[str, str]]:
    """Return the (path, value) pairs of a document's headers."""
    return flatten(document.headers) if document.headers else []
