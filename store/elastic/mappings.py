"""Settings and mappings of the indices that hold what can be rebuilt: message documents and checkpoints. Pure.

Only field types that every server has. Nothing is mapped by guessing: an unknown field stays in the source.
"""

from typing import Any

from store.elastic.index_fields import (
    ALIASES,
    BODY_PAIRS,
    BODY_PATHS,
    BODY_WORDS,
    DOCUMENT,
    FLOW_DIED,
    FLOW_GIVEN,
    HEADER_PAIRS,
    HEADER_PATHS,
    HEADER_WORDS,
    LATENCY_US,
    MESSAGE,
    NAME_WORDS,
    REDUCED,
    REFUSED,
    TIMESTAMP,
    stored_as,
)
from store.elastic.log_indices import blocks, bodies, keys, segments, settings, snapshots
from store.fields import FIELDS, Kind

__all__ = ["blocks", "bodies", "checkpoints", "keys", "messages", "segments", "snapshots"]

MESSAGES_VERSION = 1
"""Part of the version of a messages index: another mapping is another index, rebuilt by replay."""

TOTAL_FIELDS_MAX = 300
REGEX_CHARS_MAX = (
    8_192  # a facet's pairs are chosen by their path, of which every character may be escaped
)

REFRESH_INTERVAL = "500ms"

Properties = dict[str, Any]

_KEYWORD = {"type": "keyword"}
_LONG = {"type": "long"}
_DOUBLE = {"type": "double"}
_BOOLEAN = {"type": "boolean"}
# Words are tokens of ours joined by spaces; what Kibana searches for is divided as its users know it.
_WORDS = {
    "type": "text",
    "analyzer": "whitespace",
    "search_analyzer": "standard",
    "norms": False,
}
_LOOKED_UP = {"type": "keyword", "doc_values": False}

_ADDED: Properties = {
    TIMESTAMP: {"type": "date", "format": "epoch_millis||strict_date_optional_time"},
    LATENCY_US: _LONG,
    MESSAGE: {"type": "text", "index": False, "norms": False},
    NAME_WORDS: _WORDS,
    HEADER_WORDS: _WORDS,
    BODY_WORDS: _WORDS,
    HEADER_PAIRS: _KEYWORD,
    HEADER_PATHS: _LOOKED_UP,
    BODY_PAIRS: _LOOKED_UP,
    BODY_PATHS: _LOOKED_UP,
    "event.kind": _KEYWORD,
    "event.dataset": _KEYWORD,
    "event.outcome": _KEYWORD,
    "messaging.system": _KEYWORD,
    FLOW_GIVEN: _KEYWORD,
    FLOW_DIED: _KEYWORD,
    DOCUMENT: {"type": "binary"},
    REDUCED: _BOOLEAN,
    REFUSED: {"type": "keyword", "ignore_above": 1024},
}


def messages() -> dict[str, Any]:
    """Return settings and mappings of an index of message documents."""
    properties: Properties = {}
    for name, told in _ADDED.items():
        _put(properties, name, told)
    for name, field in FIELDS.items():
        if field.kind is not Kind.TEXT:
            _put(properties, stored_as(name), _type_of(name, field.kind))
    for name, to in ALIASES.items():
        _put(properties, name, {"type": "alias", "path": to})
    told = settings(REFRESH_INTERVAL)
    told["index"] |= {
        "mapping": {"total_fields": {"limit": TOTAL_FIELDS_MAX}},
        "query": {"default_field": [NAME_WORDS, HEADER_WORDS, BODY_WORDS]},
        "max_regex_length": REGEX_CHARS_MAX,
    }
    return {
        "settings": told,
        "mappings": {
            "dynamic": False,
            "properties": properties,
        },
    }


def checkpoints() -> dict[str, Any]:
    """Return settings and mappings of the index of checkpoints, one document per projection's version."""
    return {
        "settings": settings(REFRESH_INTERVAL),
        "mappings": {
            "dynamic": False,
            "properties": {
                "projection": _KEYWORD,
                "version": _KEYWORD,
                "position": _LONG,
                "block": _LONG,
            },
        },
    }


def is_fraction(name: str) -> bool:
    """Return whether the number field *name* of the query language holds binary fractions; the others are integers."""
    return name.endswith(("_ms", ".confidence"))


def _type_of(name: str, kind: Kind) -> dict[str, Any]:
    match kind:
        case Kind.NUMBER if is_fraction(name):
            return _DOUBLE
        case Kind.NUMBER | Kind.TIME:
            return _LONG
        case Kind.BOOLEAN:
            return _BOOLEAN
        case _:
            return _KEYWORD


def _put(properties: Properties, name: str, told: dict[str, Any]) -> None:
    *above, last = name.split(".")
    for part in above:
        properties = properties.setdefault(part, {"properties": {}})["properties"]
    properties[last] = told
