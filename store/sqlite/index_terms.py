"""What of a message goes where in the SQLite index.

Pure. Words and keys come from what was published and hardly ever change: they stand in one row of a full-text table.
Labels are what a message gathers on its way (state, queues, services …): they stand in a table of their own, where a
change costs only the labels that differ. The rest are columns.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b

import msgspec

from events.values import encode_extension, shown
from store.documents import MessageDocument
from store.fields import BODY, FIELDS, HEADER, Kind, header_pairs, keywords, numbers
from store.flatten import Pair, json_pairs, paths_above
from store.tokens import tokens

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
)
"""Keyword fields in the full-text row."""

SAME_AS = {"routing_key": "routing_keys"}
COLUMNS = {"uid": "uid", "trace_id": "trace_id", "parent.uid": "parent_uid"}
"""Keyword fields with nearly as many values as there are messages: columns with an index."""

LABELS = tuple(
    field
    for field in FIELDS.values()
    if field.kind in (Kind.KEYWORD, Kind.BOOLEAN) and field.name not in (*KEYS, *SAME_AS, *COLUMNS)
)
NAMES = ("queue", "service")
"""Label fields whose words are found without naming a field."""

NUMBER_COLUMNS = {
    "position": "position",
    "published_at": "published_at",
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
_QUOTE = chr(0xE000 + ord('"'))

# The tokenizer divides at spaces and folds A-Z: every other character of ASCII that is not a token character, and every
# character used for that here, is written as another one.
TOKEN_CHARS = "_.:,;-/@"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789'" + TOKEN_CHARS)
_WRITTEN = {code: chr(0xE000 + code) for code in range(128) if chr(code) not in _PLAIN} | {
    code: _ESCAPE + chr(code + 0x200) for code in range(0xE000, 0xE200)
}

_pack = msgspec.msgpack.Encoder(enc_hook=encode_extension).encode


def written(text: str) -> str:
    """Return *text* as one token of the full-text table, equal only to itself."""
    return text.translate(_WRITTEN)


def key(field: str, value: str) -> str:
    """Return the token that says that *field* has *value*; of a beginning of it, the beginning of the token."""
    return written(field) + _IS + written(value)


def has(field: str) -> str:
    """Return the token that says that *field* has any value."""
    return _HAS + written(field)


def has_words(field: str) -> str:
    """Return the token that says that the text field *field* has a word."""
    return has(f"{field} ")


def words(texts: Iterable[str]) -> str:
    """Return the tokens of *texts* joined by spaces, a gap between two texts."""
    return f" {GAP} ".join(phrase(tokens(text)) for text in texts)


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
    if any(tokens(value) for _, value in pairs):
        keys.append(has_words("headers"))
    named = (
        document.message_id,
        document.correlation_id,
        document.type,
        document.exchange,
        *document.routing_keys,
    )
    return Content(
        names=words(shown(name) for name in named if name),
        headers=headers,
        keys=" ".join(dict.fromkeys(keys)),
    )


def body_keys(text: str) -> str:
    """Return the keys of a body: the values in it when it is JSON."""
    keys = [*_pair_tokens(BODY, json_pairs(text))]
    if tokens(text):
        keys.append(has_words("body"))
    return " ".join(dict.fromkeys(keys))


def _key_tokens(document: MessageDocument) -> Iterator[str]:
    for name in KEYS:
        values = list(keywords(FIELDS[name], document))
        if values:
            yield has(name)
        for value in values:
            yield key(name, value)


def _pair_tokens(prefix: str, pairs: Iterable[Pair]) -> Iterator[str]:
    for path, value in pairs:
        for above in paths_above(path):
            yield has(prefix + above)
        yield key(prefix + path, value)


def labels(document: MessageDocument) -> set[tuple[str, str]]:
    """Return the (field, value) labels of a message."""
    return {(field.name, value) for field in LABELS for value in keywords(field, document)}


def number_rows(document: MessageDocument) -> set[tuple[int, int | float]]:
    """Return the (field id, value) of the numbers and times that have no column."""
    return {
        (NUMBER_IDS[field.name], value) for field in NUMBERS for value in numbers(field, document)
    }


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
        document.headers,
    )
    return mark(_pack(told))


def mark(raw: bytes) -> int:
    """Return 63 bits of a digest of *raw*, never 0."""
    return (int.from_bytes(blake2b(raw, digest_size=8).digest(), "big") >> 1) or 1
