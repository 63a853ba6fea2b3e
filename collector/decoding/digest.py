"""What tells a delivery of a tap when the broker hands it over again. Pure.

The log keeps the digest with every traffic fact, and a restart is aligned by comparing it, so the formula may not change.
"""

from collections.abc import Mapping
from hashlib import blake2b

from collector.amqp.frames import Delivery
from collector.amqp.table import spans
from collector.decoding.firehose import BROKER_HEADERS

HEADERS_FLAG = 0x2000
Spans = Mapping[bytes, tuple[int, int]]
"""Where the values of a table's entries stand, by name."""


def delivery_digest(key: bytes, delivery: Delivery, digest: bytes, entries: Spans | None) -> bytes:
    """Return what identifies a delivery of a tap when the broker hands it over again: 16 bytes.

    It covers exchange, routing key, properties, headers in any order and the body's *digest*, but not what a broker adds
    on redelivery. *entries* are the spans of the header table if the caller has them.
    """
    data = delivery.header
    before, table, after = header_span(data)
    if entries is None:
        entries = spans(data, table) if after > table else {}
    flags = int.from_bytes(data[12:14], "big") & ~HEADERS_FLAG
    parts = [
        digest,
        beginning(delivery.exchange, delivery.routing_key, flags),
        data[before:table],
        data[after:],
    ]
    for name in sorted(entries):
        if name not in BROKER_HEADERS:
            begin, end = entries[name]
            parts.append(data[begin - 1 - len(name) : end])
    return blake2b(b"".join(parts), digest_size=16, key=key).digest()


def beginning(exchange: bytes, routing_key: bytes, flags: int) -> bytes:
    """Return what follows the body's digest: how a delivery was addressed, and which properties but the headers it has."""
    return b"%b\0%b\0%d\0" % (exchange, routing_key, flags)


def header_span(data: bytes) -> tuple[int, int, int]:
    """Return where in a content header's payload the properties begin, the header table begins and ends.

    Without a table the last two are equal.

    Raises:
        IndexError: the payload is cut short.
    """
    flags = int.from_bytes(data[12:14], "big")
    at = 14
    for bit in (0x8000, 0x4000):
        if flags & bit:
            at += 1 + data[at]
    if not flags & HEADERS_FLAG:
        return 14, at, at
    return 14, at, at + 4 + int.from_bytes(data[at : at + 4], "big")
