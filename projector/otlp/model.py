"""A span as it is exported, before it is put into any wire format. Pure data."""

from collections.abc import Mapping
from enum import IntEnum

import msgspec

Value = str | bool | int | float


class Kind(IntEnum):
    """Whose side of the work a span shows; the numbers are those of the protocol."""

    INTERNAL = 1
    PRODUCER = 4
    CONSUMER = 5


class Anchor(msgspec.Struct, frozen=True):
    """What a span can stand under or point at: the ids of another span, 16 and 8 bytes."""

    trace_id: bytes
    span_id: bytes


class Link(msgspec.Struct, frozen=True):
    """A span that has to do with this one without being its parent, and why that is believed."""

    to: Anchor
    attributes: Mapping[str, Value]


class Span(msgspec.Struct, frozen=True):
    """A span of *service*. Times in ns UTC; `end` equals `start` where only one time is known.

    `parent` is in the same trace. `failure` says in a word why the work failed, None where it did not or is not known to.
    """

    service: str
    name: str
    kind: Kind
    at: Anchor
    parent: bytes | None
    start: int
    end: int
    attributes: Mapping[str, Value]
    links: tuple[Link, ...] = ()
    failure: str | None = None
