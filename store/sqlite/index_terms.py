"""What of a message goes where in the SQLite index.

Pure. Words and keys come from what was published and hardly ever change: they stand in one row of a full-text table.
Labels are what a message gathers on its way (state, queues, services …): they stand in a table of their own, where a
change costs only the labels that differ. The rest are columns.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter

import msgspec

from events.values import Text, encode_extension, shown
from store.documents import Copy, MessageDocument, Party
from store.fields import BODY, FIELDS, HEADER, Kind, header_pairs
from store.flatten import VALUE_CHARS_MAX, Pair, json_pairs, paths_above
from store.tokens import TOKEN_CHARS_MAX, tokens

Label = tuple[str, str]

KEYS = (
    "vhost",
    "exchange",
    "routing_keys",
    "message_id",
    "correlation_id",
    "type",
    "content_type",
    "content_encoding",
    "reply_to",
    "app_id",
    "message_type",
    "message_type_evidence",
    "framework",
    "error",
)
"""Keyword fields in the full-text row."""

SAME_AS = {"routing_key": "routing_keys"}
COLUMNS = {"uid": "uid", "trace_id": "trace_id", "parent.uid": "parent_uid"}
"""Keyword fields with nearly as many values as there are messages: columns of ``documents``."""

LABELS = tuple(
    field
    for field in FIELDS.values()
    if field.kind in (Kind.KEYWORD, Kind.BOOLEAN) and field.name not in (*KEYS, *SAME_AS, *COLUMNS)
)
ALWAYS_ONE = ("state", "time_quality", "publish_observed")
"""Label fields of which every message has exactly one: not to have one is to have another."""

NAMES = ("queue", "service")
"""Label fields whose words are found without naming a field."""

NUMBER_COLUMNS = {
    "position": "position",
    "published_at": "published_at",
    "latency_ms": "latency_ms",
    "body.size": "body_size",
    "retry_rounds": "retry_rounds",
}
NUMBERS = tuple(
    field
    for field in FIELDS.values()
    if field.kind in (Kind.NUMBER, Kind.TIME) and field.name not in NUMBER_COLUMNS
)
NUMBER_IDS = {field.name: i for i, field in enumerate(NUMBERS)}

GAP = "\ue180"  # between two texts, so that no phrase reaches across
_HAS = "\ue181"
_IS = "\ue182"
_ESCAPE = "\ue183"
_NO_WORDS = f" {GAP}"
_QUOTE = chr(0xE000 + ord('"'))

# The tokenizer divides at spaces and folds A-Z: every other character of ASCII that is not a token character, and every
# character used for that here, is written as another one.
TOKEN_CHARS = "_.:,;-/@"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789'" + TOKEN_CHARS)
_WRITTEN = {code: chr(0xE000 + code) for code in range(128) if chr(code) not in _PLAIN} | {
    code: _ESCAPE + chr(code + 0x200) for code in range(0xE000, 0xE200)
}

_pack = msgspec.msgpack.Encoder(enc_hook=encode_extension).encode


_SPECIAL = re.compile("[^a-z0-9'" + re.escape(TOKEN_CHARS) + "\x80-\ud7ff\ue200-\U0010ffff]")


def written(text: str) -> str:
    """Return *text* as one token of the full-text table, equal only to itself."""
    return text.translate(_WRITTEN) if _SPECIAL.search(text) else text


@lru_cache(maxsize=10_000)
def _beginning(field: str) -> str:
    return written(field) + _IS


def key(field: str, value: str) -> str:
    """Return the token that says that *field* has *value*; of a beginning of it, the beginning of the token."""
    return _beginning(field) + written(value)


def has(field: str) -> str:
    """Return the token that says that *field* has any value."""
    return _HAS + written(field)


@lru_cache(maxsize=10_000)
def _has_all(prefix: str, path: str) -> str:
    """Return the tokens that say that ``prefix + path`` and all paths above it have a value."""
    return " ".join([has(prefix + above) for above in paths_above(path)])


def has_words(field: str) -> str:
    """Return the token that says that the text field *field* has a word."""
    return has(f"{field} ")


def words(texts: Iterable[str]) -> str:
    """Return the tokens of *texts* joined by spaces, a gap between two texts."""
    return f" {GAP} ".join([_words(text) for text in texts])


def _words(text: str) -> str:
    if len(text) <= TOKEN_CHARS_MAX and text.isalnum() and text.isascii():
        return text.lower()  # one token, as ids mostly are
    return phrase(tokens(text))


def phrase(found: Iterable[str]) -> str:
    """Return tokens as the full-text table holds them one after another."""
    return " ".join(found).replace('"', _QUOTE)


class Content(msgspec.Struct, frozen=True):
    """What the full-text row of a message holds apart from its body."""

    names: str
    headers: str
    keys: str


def content(document: MessageDocument) -> Content:
    """Return the words and keys of what was published."""
    pairs = header_pairs(document)
    keys = [*_key_tokens(document), *_pair_tokens(HEADER, pairs)]
    headers = words(value for _, value in pairs)
    if headers.strip(_NO_WORDS):
        keys.append(has_words("headers"))
    named = (
        document.message_id,
        document.correlation_id,
        document.type,
        document.message_type,
        document.error,
        document.exchange,
        *document.routing_keys,
    )
    return Content(
        names=words(shown(name) for name in named if name),
        headers=headers,
        keys=" ".join(dict.fromkeys(keys)),
    )


def body_keys(text: str, *, has_any: bool) -> str:
    """Return the keys of a body: the values in it when it is JSON. `has_any`: it has a word."""
    keys = [*_pair_tokens(BODY, json_pairs(text))]
    if has_any:
        keys.append(has_words("body"))
    return " ".join(dict.fromkeys(keys))


_ONE_KEYS = tuple(
    (attrgetter(name), has(name), written(name) + _IS) for name in KEYS if name != "routing_keys"
)
_ROUTING = (has("routing_keys"), written("routing_keys") + _IS)


def _key_tokens(document: MessageDocument) -> Iterator[str]:
    """Yield the keys of the fields in KEYS; said again, for speed, as in :func:`labels`."""
    for pick, any_value, beginning in _ONE_KEYS:
        if (value := pick(document)) is not None:
            yield any_value
            yield beginning + written(_compared(value))
    if document.routing_keys:
        yield _ROUTING[0]
    for value in document.routing_keys:
        yield _ROUTING[1] + written(_compared(value))


def _compared(value: Text) -> str:
    if type(value) is str and len(value) < 512:
        return value
    return shown(value)[:VALUE_CHARS_MAX]


def _pair_tokens(prefix: str, pairs: Iterable[Pair]) -> Iterator[str]:
    for path, value in pairs:
        yield _has_all(prefix, path)
        yield key(prefix + path, value)


def labels(document: MessageDocument) -> set[Label]:
    """Return the (field, value) labels of a message.

    It says again, for speed, what the table of fields says of ``LABELS``; a test holds the two together.
    """
    found: list[tuple[str, Text | None]] = [
        ("time_quality", document.time_quality),
        ("state", document.state),
        ("not_observed", document.not_observed),
        ("publish_observed", "true" if document.publish_observed else "false"),
        ("service", document.publisher.service),
    ]
    found += _party_labels(PUBLISHER, document.publisher)
    if document.body is not None:
        found.append(("body.truncated", "true" if document.body.truncated else "false"))
    for queue in document.routed_queues:
        found += (("routed_queues", queue), ("queue", queue))
    for copy in document.copies:
        found += _copy_labels(copy)
    for link in (document.parent, *document.other_parents):
        if link is not None and link is not document.parent:
            found.append(("other_parents.uid", link.uid))
        if link is not None:
            field = "parent.evidence" if link is document.parent else "other_parents.evidence"
            found.append((field, link.evidence))
    return {
        (field, value if type(value) is str and len(value) < 512 else _compared(value))
        for field, value in found
        if value is not None
    }


def _copy_labels(copy: Copy) -> list[tuple[str, Text | None]]:
    found: list[tuple[str, Text | None]] = [
        ("queue", copy.queue),
        ("copies.queue", copy.queue),
        ("copies.origin", copy.origin),
        ("copies.state", copy.state),
        ("copies.cause", copy.cause),
    ]
    for attempt in copy.attempts:
        found.append(("service", attempt.consumer.service))
        found.append(("copies.attempts.redelivered", "true" if attempt.redelivered else "false"))
        found += _party_labels(CONSUMER, attempt.consumer)
    if (death := copy.dead_letter) is not None:
        found += (
            ("copies.dead_letter.reason", death.reason),
            ("copies.dead_letter.exchange", death.exchange),
            ("copies.dead_letter.routing_key", death.routing_key),
            ("copies.dead_letter.timer", "true" if death.timer else "false"),
        )
        found += [("copies.dead_letter.to_queues", queue) for queue in death.to_queues]
    return found


PUBLISHER = tuple(f"publisher.{name}" for name in ("service", "connection", "user", "evidence"))
CONSUMER = tuple(
    f"copies.attempts.consumer.{name}" for name in ("service", "connection", "user", "evidence")
)


def _party_labels(names: Iterable[str], party: Party) -> Iterator[tuple[str, Text | None]]:
    return zip(names, (party.service, party.connection, party.user, party.evidence), strict=True)


def number_rows(document: MessageDocument) -> set[tuple[int, int | float]]:
    """Return the (field id, value) of the numbers and times that have no column; said again as in :func:`labels`."""
    found: list[tuple[str, int | float | None]] = [
        ("framework_retries", document.framework_retries),
        ("end_to_end_ms", document.end_to_end_ms),
    ]
    if document.publisher.service is not None:
        found.append(("publisher.confidence", document.publisher.confidence))
    if document.parent is not None:
        found.append(("parent.confidence", document.parent.confidence))
    found += [("other_parents.confidence", link.confidence) for link in document.other_parents]
    for copy in document.copies:
        found.append(("copies.enqueued_at", copy.enqueued_at))
        for attempt in copy.attempts:
            found += (
                ("copies.attempts.delivered_at", attempt.delivered_at),
                ("copies.attempts.processing_ms", attempt.processing_ms),
            )
            if attempt.consumer.service is not None:
                found.append(("copies.attempts.consumer.confidence", attempt.consumer.confidence))
        if (death := copy.dead_letter) is not None:
            found += (
                ("copies.dead_letter.count", death.count),
                ("copies.dead_letter.at", death.at),
            )
    return {(NUMBER_IDS[field], value) for field, value in found if value is not None}


def content_mark(document: MessageDocument) -> int:
    """Return a number that changes when :func:`content` would."""
    told = (
        document.vhost,
        document.exchange,
        document.routing_keys,
        document.message_id,
        document.correlation_id,
        document.type,
        document.content_type,
        document.content_encoding,
        document.reply_to,
        document.app_id,
        document.message_type,
        document.message_type_evidence,
        document.framework,
        document.error,
        document.headers,
    )
    return mark(_pack(told))


def mark(raw: bytes) -> int:
    """Return 63 bits of a digest of *raw*, never 0."""
    return (int.from_bytes(blake2b(raw, digest_size=8).digest(), "big") >> 1) or 1
