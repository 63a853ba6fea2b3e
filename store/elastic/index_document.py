"""A message as the JSON that Elasticsearch indexes, and back.

Pure. Names are those of ``index_fields``. Fields without a value are left out; times are ns, ``@timestamp`` ms.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import msgspec

from events.values import Text, decode_extension, encode_extension, shown
from store.documents import Copy, MessageDocument, ParentLink, Party
from store.elastic import index_fields as names
from store.elastic.index_fields import pair
from store.fields import free_texts, header_pairs
from store.flatten import VALUE_CHARS_MAX, Pair, json_pairs, paths_above
from store.tokens import tokens

Source = dict[str, object]

DATASET = "hoptrail.messages"
REASON_CHARS_MAX = 1_000

OUTCOMES = {
    "unroutable": "failure",
    "dead-lettered": "failure",
    "redelivered": "success",
    "delivered": "success",
    "settled": "success",
}
"""ECS's word for how it went, by a message's state; the others are unknown."""

# The whitespace analyzer divides words longer than that many UTF-16 units; ours are cut by characters.
WORD_UNITS_MAX = 255

_pack = msgspec.msgpack.Encoder(enc_hook=encode_extension).encode
_unpack = msgspec.msgpack.Decoder(MessageDocument, ext_hook=decode_extension).decode
_json = msgspec.json.Encoder()


def encoded(document: MessageDocument, text: str | None) -> bytes:
    """Return *document*, whose body is *text* (None: no text), as the JSON to index."""
    try:
        return _json.encode(source(document, text))
    except UnicodeEncodeError:  # half a surrogate pair, which no text of UTF-8 can hold
        return _json.encode(source(document, (text or "").encode("utf-8", "replace").decode()))


def reduced(document: MessageDocument, reason: str) -> bytes:
    """Return the JSON to index instead of a document that was refused for *reason*: identity, times and state."""
    told: Source = {
        names.REDUCED: True,
        names.REFUSED: reason[:REASON_CHARS_MAX],
    }
    return _json.encode(_identity(document) | told)


def packed(document: MessageDocument) -> bytes:
    """Return *document* as it is kept in ``hoptrail.document``."""
    return _pack(document)


def unpacked(raw: bytes) -> MessageDocument:
    """Invert :func:`packed`."""
    return _unpack(raw)


def source(document: MessageDocument, text: str | None) -> Source:
    """Return what is indexed of *document*; values by dotted name.

    It says again, for speed, what the table of fields says; a test holds the two together.
    """
    told = _identity(document)
    told |= {
        "time_quality": document.time_quality,
        "publish_observed": document.publish_observed,
        "retry_rounds": document.retry_rounds,
        "vhost": _value(document.vhost),
        names.EXCHANGE: _value(document.exchange),
    }
    for field, value in (
        (names.MESSAGE_ID, document.message_id),
        (names.CORRELATION_ID, document.correlation_id),
        ("type", document.type),
        ("content_type", document.content_type),
        ("content_encoding", document.content_encoding),
        ("reply_to", document.reply_to),
        ("app_id", document.app_id),
        (names.TRACE_ID, document.trace_id or None),
        ("not_observed", document.not_observed),
        ("message_type", document.message_type),
        ("message_type_evidence", document.message_type_evidence),
        ("framework", document.framework),
        ("error", document.error),
    ):
        if value is not None:
            told[field] = _value(value)
    if document.latency_ms is not None:
        told["latency_ms"] = document.latency_ms
        told[names.LATENCY_US] = round(document.latency_ms * 1000)
    if document.framework_retries is not None:
        told["framework_retries"] = document.framework_retries
    if document.end_to_end_ms is not None:
        told["end_to_end_ms"] = document.end_to_end_ms
    if document.body is not None:
        told[names.BODY_SIZE] = document.body.size
        told["body.truncated"] = document.body.truncated
    _put(told, names.ROUTING_KEY, map(_value, document.routing_keys))
    _put(told, "routed_queues", map(_value, document.routed_queues))
    queues = (*document.routed_queues, *(copy.queue for copy in document.copies))
    _put(told, "queue", map(_value, queues))
    _add_parties(told, document)
    _add_parents(told, document)
    _add_copies(told, document.copies)
    _add_words(told, document, text)
    return told


def _identity(document: MessageDocument) -> Source:
    return {
        names.TIMESTAMP: document.published_at // 1_000_000,
        names.UID: document.uid,
        names.POSITION: document.position,
        names.PUBLISHED_AT: document.published_at,
        names.STATE: document.state,
        "event.kind": "event",
        "event.dataset": DATASET,
        "event.outcome": OUTCOMES.get(document.state, "unknown"),
        "messaging.system": "rabbitmq",
        names.DOCUMENT: _pack(document),
    }


def _add_parties(told: Source, document: MessageDocument) -> None:
    publisher = document.publisher
    _add_party(told, "publisher", names.PUBLISHER, (publisher,))
    consumers = [attempt.consumer for copy in document.copies for attempt in copy.attempts]
    if consumers:
        at = "copies.attempts.consumer"
        _add_party(told, at, f"{at}.service", consumers)
    services = (party.service for party in (publisher, *consumers) if party.service is not None)
    _put(told, names.SERVICES, map(_value, services))


def _add_party(told: Source, at: str, service: str, parties: Iterable[Party]) -> None:
    known = [party for party in parties if party.service is not None]
    _put(told, service, (_value(party.service) for party in known if party.service is not None))
    _put(told, f"{at}.confidence", (party.confidence for party in known))
    for name, pick in _PARTY:
        values = (pick(party) for party in parties)
        _put(told, f"{at}.{name}", (_value(value) for value in values if value is not None))


_PARTY: tuple[tuple[str, Callable[[Party], Text | None]], ...] = (
    ("connection", lambda party: party.connection),
    ("user", lambda party: party.user),
    ("evidence", lambda party: party.evidence),
)


def _add_parents(told: Source, document: MessageDocument) -> None:
    if document.parent is not None:
        _add_links(told, "parent", (document.parent,))
    if document.other_parents:
        _add_links(told, "other_parents", document.other_parents)


def _add_links(told: Source, at: str, links: Iterable[ParentLink]) -> None:
    _put(told, f"{at}.uid", (_value(link.uid) for link in links))
    _put(told, f"{at}.evidence", (_value(link.evidence) for link in links))
    _put(told, f"{at}.confidence", (link.confidence for link in links))


def _add_copies(told: Source, copies: Iterable[Copy]) -> None:
    if not copies:
        return
    _put(told, "copies.queue", (_value(copy.queue) for copy in copies))
    _put(told, "copies.origin", (_value(copy.origin) for copy in copies))
    _put(told, "copies.state", (_value(copy.state) for copy in copies))
    _put(told, "copies.cause", (_value(copy.cause) for copy in copies if copy.cause is not None))
    _put(told, "copies.enqueued_at", (c.enqueued_at for c in copies if c.enqueued_at is not None))
    _put(told, names.FLOW_GIVEN, _given(copies))
    attempts = [attempt for copy in copies for attempt in copy.attempts]
    _put(told, "copies.attempts.delivered_at", (attempt.delivered_at for attempt in attempts))
    _put(told, "copies.attempts.redelivered", (attempt.redelivered for attempt in attempts))
    worked = (attempt.processing_ms for attempt in attempts)
    _put(told, "copies.attempts.processing_ms", (ms for ms in worked if ms is not None))
    deaths = [copy.dead_letter for copy in copies if copy.dead_letter is not None]
    if not deaths:
        return
    _put(told, names.FLOW_DIED, _died(copies))
    at = "copies.dead_letter"
    _put(told, f"{at}.reason", (_value(death.reason) for death in deaths))
    _put(told, f"{at}.exchange", (_value(d.exchange) for d in deaths if d.exchange is not None))
    keys = (death.routing_key for death in deaths)
    _put(told, f"{at}.routing_key", (_value(key) for key in keys if key is not None))
    _put(told, f"{at}.to_queues", (_value(queue) for death in deaths for queue in death.to_queues))
    _put(told, f"{at}.count", (death.count for death in deaths))
    _put(told, f"{at}.timer", (death.timer for death in deaths))
    _put(told, f"{at}.at", (death.at for death in deaths if death.at is not None))


def _given(copies: Iterable[Copy]) -> Iterator[str]:
    """Yield for each service that was given a copy, from which queue."""
    for copy in copies:
        for attempt in copy.attempts:
            if attempt.consumer.service is not None:
                yield _way(copy.queue, attempt.consumer.service)


def _died(copies: Iterable[Copy]) -> Iterator[str]:
    """Yield for each copy that died, in which queue, why, and where it went (nowhere: no queue stands there)."""
    for copy in copies:
        if copy.dead_letter is not None:
            for queue in copy.dead_letter.to_queues or ("",):
                yield _way(copy.queue, copy.dead_letter.reason, queue)


def _way(*stops: Text) -> str:
    """Return *stops* with arrows between; an arrow in a name is written otherwise, so that it can be taken apart."""
    return names.ARROW.join(_value(stop).replace("→", "->") for stop in stops)


def _add_words(told: Source, document: MessageDocument, text: str | None) -> None:
    _put(told, names.NAME_WORDS, filter(None, map(_name_words, free_texts(document))))
    if document.headers:
        pairs = header_pairs(document)
        _add_pairs(told, names.HEADER_PAIRS, names.HEADER_PATHS, pairs)
        texts = (_name_words(value) for _, value in pairs)
        _put(told, names.HEADER_WORDS, filter(None, texts))
    if text:
        told[names.MESSAGE] = text
        _add_pairs(told, names.BODY_PAIRS, names.BODY_PATHS, json_pairs(text))
        _put(told, names.BODY_WORDS, filter(None, (words(text),)))


def _add_pairs(told: Source, to_pairs: str, to_paths: str, pairs: Iterable[Pair]) -> None:
    _put(told, to_pairs, (pair(path, value) for path, value in pairs))
    paths = dict.fromkeys(path for path, _ in pairs)
    _put(told, to_paths, (above for path in paths for above in _above(path)))


@lru_cache(maxsize=10_000)
def _above(path: str) -> tuple[str, ...]:
    return tuple(paths_above(path))


def _put(told: Source, name: str, values: Iterable[object]) -> None:
    """Put the distinct *values* under *name*; one value stands alone, and none at all leaves the name out."""
    found = list(dict.fromkeys(values))
    if found:
        told[name] = found[0] if len(found) == 1 else found


def _value(value: Text) -> str:
    """Return the value of a keyword field, as ``store.fields.keywords`` gives it."""
    if type(value) is str and len(value) <= VALUE_CHARS_MAX:
        return value
    return shown(value)[:VALUE_CHARS_MAX]


def words(text: str) -> str:
    """Return the words of *text*, as Elasticsearch divides them again: joined by spaces."""
    return " ".join(divided(tokens(text)))


@lru_cache(maxsize=10_000)
def _name_words(text: str) -> str:
    return words(text)


def divided(found: list[str]) -> list[str]:
    """Return *found* with words too long for Elasticsearch in pieces; only words beyond 16 bits a letter are."""
    if all(map(str.isascii, found)) or all(len(word) * 2 <= WORD_UNITS_MAX for word in found):
        return found
    return [piece for word in found for piece in _pieces(word)]


def _pieces(word: str) -> list[str]:
    units, pieces = 0, [""]
    for letter in word:
        size = 2 if letter > "\uffff" else 1
        if units + size > WORD_UNITS_MAX:
            units = 0
            pieces.append("")
        units += size
        pieces[-1] += letter
    return pieces
