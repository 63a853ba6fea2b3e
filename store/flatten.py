"""Nested tables and JSON as pairs of a dotted path and a value: what ``header.*`` and ``body.*`` search.

Pure. Arrays add nothing to a path: each element stands under the path of its array. Only so many pairs, of so many
characters, are kept of one message; the rest of a body is still found by its words.
"""

from collections.abc import Iterator, Mapping
from typing import cast

import msgspec

from events.values import AmqpDecimal, AmqpTimestamp, decimal_text, shown

PAIRS_MAX = 500
DEPTH_MAX = 32
PATH_CHARS_MAX = 512
VALUE_CHARS_MAX = 1024

Pair = tuple[str, str]


def flatten(table: object) -> list[Pair]:
    """Return the first PAIRS_MAX (path, value) pairs of a table or a JSON value, values as text.

    A value longer than VALUE_CHARS_MAX is cut to that; null has no value.
    """
    found: list[Pair] = []
    _add("", table, 0, found)
    return found


def _add(path: str, value: object, depth: int, found: list[Pair]) -> None:
    if depth > DEPTH_MAX or len(path) > PATH_CHARS_MAX or len(found) >= PAIRS_MAX:
        return
    if type(value) is str:  # what nearly all values are
        if path:
            found.append((path, value[:VALUE_CHARS_MAX]))
    elif isinstance(value, dict | Mapping):
        for key, item in cast("Mapping[object, object]", value).items():
            name = key if type(key) is str else _name(key)
            _add(f"{path}.{name}" if path else name, item, depth + 1, found)
    elif isinstance(value, list | tuple):
        for item in cast("list[object]", value):
            _add(path, item, depth + 1, found)
    elif path and (text := text_of(value)) is not None:
        found.append((path, text))


def _name(key: object) -> str:
    return shown(key) if isinstance(key, str | bytes) else str(key)


def text_of(value: object) -> str | None:
    """Return a single value as a search compares it: ``true``, ``12``, ``0.5``, text as it is; None for null."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str() | bytes():
            return shown(value)[:VALUE_CHARS_MAX]
        case AmqpTimestamp():
            return str(value.seconds)
        case AmqpDecimal():
            return decimal_text(value)
        case _:
            return str(value)[:VALUE_CHARS_MAX]


def json_pairs(text: str) -> list[Pair]:
    """Return the pairs of a body that is a JSON object or array; none for any other text."""
    if text.lstrip()[:1] not in ("{", "["):
        return []
    try:
        value: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError, ValueError):
        return []
    return flatten(value)


def paths_above(path: str) -> Iterator[str]:
    """Yield *path* and every path it lies under: ``a.b.c``, ``a.b``, ``a``."""
    while path:
        yield path
        path = path.rpartition(".")[0]
