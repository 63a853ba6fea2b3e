"""What a header can say about where a message comes from, and how its value is read.

Pure. Header values are whatever a publisher sent; a reader returns None for what it does not understand.
"""

import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import msgspec

VALUE_LENGTH_MAX = 256
ERROR_LENGTH_MAX = 500
TYPE_PROPERTY = "type"
"""The evidence of a type that the property `type` tells."""
TRACE_ID = re.compile(r"[0-9a-f]{32}")
SHORT_TRACE_ID = re.compile(r"[0-9a-f]{16}")
PLAIN_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[^-]*-")
NO_TRACE = "0" * 32


class What(IntEnum):
    """TRACE: the trace it is part of; CAUSE: the id of the message that caused it; CONVERSATION: what it belongs to.

    RUN: the handler's run that published it, after the one whose message the handler was called with, divided by a space;
    IDENTITY: an id of its own beside the property; TASK: one that all publishes of one task share; SERVICE: who published
    it; TYPE: of what type it is; ERROR: why it failed, in one line; RETRIES: how often the framework published it again;
    FRAMEWORK: which one wrote it.
    """

    TRACE = 0
    CAUSE = 1
    RUN = 2
    CONVERSATION = 3
    IDENTITY = 4
    TASK = 5
    SERVICE = 6
    TYPE = 7
    ERROR = 8
    RETRIES = 9
    FRAMEWORK = 10


class Reading(NamedTuple):
    """How to read one header; `evidence` is what links that rest on it are labelled with."""

    what: What
    evidence: str
    read: Callable[[Any], str | None]


Readings = Mapping[str, Reading | tuple[Reading, ...]]
"""What is read by name; header names are in lower case, of those from bodies in that of the collector."""

NO_READINGS: Readings = MappingProxyType({})


class Dialect(NamedTuple):
    """How one framework speaks. *name* is None for a way to pass on traces that belongs to no framework.

    `headers` are read where they stand, `in_body` where the collector found them. `marks` are sets of header names, each of
    which shows that the framework wrote the message; without one of them none of `headers` is read. Where `marks` is
    empty, each of its headers shows it. `app_id` is how the default of that property begins. `recorded` names the golden
    recordings it was checked against; a dialect without one is known from documentation alone. `notes` tells what else is
    worth knowing. `passed_on` are headers which show that another service than the first sender published the message,
    with all the headers it had: who that is, only they can tell.
    """

    name: str | None
    headers: Readings = NO_READINGS
    in_body: Readings = NO_READINGS
    marks: tuple[frozenset[str], ...] = ()
    app_id: str | None = None
    recorded: tuple[str, ...] = ()
    notes: str = ""
    passed_on: frozenset[str] = frozenset()


class Described(msgspec.Struct, frozen=True, gc=False):
    """What is said of a message beside its links: its framework, its type and on what evidence, retries, why it failed.

    One object is shared by all messages of which the same is said.
    """

    framework: str | None = None
    message_type: str | None = None
    message_type_evidence: str | None = None
    retries: int | None = None
    error: str | None = None


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


def before(separator: str) -> Callable[[Any], str | None]:
    """Return a reader of the text before *separator*, or of all of it."""

    def read(value: Any) -> str | None:
        return (text(value) or "").partition(separator)[0].strip() or None

    return read


def last_text(value: Any) -> str | None:
    """Return the last text of a list, or the text itself."""
    if isinstance(value, list | tuple) and value:
        return text(cast("list[Any]", value)[-1])
    return text(value)


def count(value: Any) -> str | None:
    """Return a count above 0, as digits."""
    told = str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)
    if told and told.isascii() and told.isdigit() and len(told) <= 9 and int(told):
        return str(int(told))
    return None


def error_line(value: Any) -> str | None:
    """Return the first line of an error text that says something."""
    return _line(value, first=True)


def last_line(value: Any) -> str | None:
    """Return the last line of a Python traceback, which names the exception."""
    return _line(value, first=False)


def _line(value: Any, *, first: bool) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    value = value.strip()
    line = value.partition("\n")[0] if first else value.rpartition("\n")[2]
    return line.strip()[:ERROR_LENGTH_MAX] or None


def within(name: str, read: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    """Return a reader of what stands as *name* in a nested table."""

    def nested(value: Any) -> str | None:
        return read(cast("dict[Any, Any]", value).get(name)) if isinstance(value, dict) else None

    return nested


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
