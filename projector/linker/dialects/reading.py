"""What a header can say about where a message comes from, and how its value is read.

Pure. Header values are whatever a publisher sent; a reader returns None for what it does not understand.
"""

import re
from collections.abc import Callable
from enum import IntEnum
from typing import Any, NamedTuple, cast

VALUE_LENGTH_MAX = 256
TRACE_ID = re.compile(r"[0-9a-f]{32}")
SHORT_TRACE_ID = re.compile(r"[0-9a-f]{16}")
PLAIN_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[^-]*-")
NO_TRACE = "0" * 32


class What(IntEnum):
    """TRACE: the trace it is part of; CAUSE: the id of the message that caused it; CONVERSATION: what it belongs to.

    IDENTITY: an id of its own beside the property; SERVICE: who published it.
    """

    TRACE = 0
    CAUSE = 1
    CONVERSATION = 2
    IDENTITY = 3
    SERVICE = 4


class Reading(NamedTuple):
    """How to read one header; `evidence` is what links that rest on it are labelled with."""

    what: What
    evidence: str
    read: Callable[[Any], str | None]


def text(value: Any) -> str | None:
    """Return a value that is text of a sensible length."""
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return None
    if isinstance(value, str) and 0 < len(value) <= VALUE_LENGTH_MAX:
        return value
    return None


def first_text(value: Any) -> str | None:
    """Return the first text of a list, or the text itself."""
    if isinstance(value, list | tuple) and value:
        return text(cast("list[Any]", value)[0])
    return text(value)


def w3c_trace(value: Any) -> str | None:
    """Return the trace id of a W3C `traceparent` (or of what borrows its form)."""
    if isinstance(value, str) and len(value) <= VALUE_LENGTH_MAX:
        plain = PLAIN_TRACEPARENT.match(value)
        if plain is not None and plain[1] != NO_TRACE:
            return plain[1]
    parts = (first_text(value) or "").lower().split("-")
    if len(parts) >= 4 and len(parts[0]) == 2:
        return trace_id(parts[1])
    return None


def trace_id(value: Any) -> str | None:
    """Return 128 or 64 bits of hex as the 32 digits of a trace id."""
    told = (first_text(value) or "").lower()
    if SHORT_TRACE_ID.fullmatch(told):
        told = told.rjust(32, "0")
    return told if TRACE_ID.fullmatch(told) and told != NO_TRACE else None


def first_part(separator: str) -> Callable[[Any], str | None]:
    """Return a reader of a trace id that stands before *separator*."""

    def read(value: Any) -> str | None:
        return trace_id((first_text(value) or "").partition(separator)[0])

    return read


def integer_trace(value: Any) -> str | None:
    """Return a decimal 64-bit trace id as hex digits."""
    told = str(value) if isinstance(value, int) else text(value) or ""
    if told.isascii() and told.isdigit() and len(told) <= 20:
        return f"{int(told):032x}" if int(told) else None
    return None
