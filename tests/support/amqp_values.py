"""AMQP values as bytes together with what they mean, and trace messages made of them, as hypothesis strategies.

An encoder of its own: what it writes is what the specification and RabbitMQ's errata say, not what the product reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from struct import pack
from typing import Any

from hypothesis import strategies as st

from bench.raw import header_payload, short, table
from collector.amqp import Delivery
from events.values import AmqpDecimal, AmqpTimestamp, to_text


@dataclass(frozen=True)
class Value:
    """An encoded value with its type byte, and what it decodes to."""

    raw: bytes
    meaning: Any


def longstr(raw: bytes) -> bytes:
    """Encode a field of type ``S``."""
    return b"S" + pack(">I", len(raw)) + raw


def array(items: Sequence[bytes]) -> bytes:
    """Encode a field of type ``A`` from encoded values."""
    return b"A" + pack(">I", sum(map(len, items))) + b"".join(items)


def _whole(kind: str, layout: str, low: int, high: int) -> st.SearchStrategy[Value]:
    return st.integers(low, high).map(lambda n: Value(kind.encode() + pack(layout, n), n))


TEXTS = st.binary(max_size=6) | st.text(max_size=4).map(str.encode)
_PLAIN = st.one_of(
    _whole("b", ">b", -(2**7), 2**7 - 1),
    _whole("B", ">B", 0, 2**8 - 1),
    _whole("s", ">h", -(2**15), 2**15 - 1),
    _whole("u", ">H", 0, 2**16 - 1),
    _whole("I", ">i", -(2**31), 2**31 - 1),
    _whole("i", ">I", 0, 2**32 - 1),
    _whole("l", ">q", -(2**63), 2**63 - 1),
    _whole("L", ">Q", 0, 2**64 - 1),
    st.floats(allow_nan=False, width=32).map(lambda n: Value(b"f" + pack(">f", n), n)),
    st.floats(allow_nan=False).map(lambda n: Value(b"d" + pack(">d", n), n)),
    st.booleans().map(lambda truth: Value(b"t" + bytes([truth]), truth)),
    st.integers(0, 2**64 - 1).map(lambda n: Value(b"T" + pack(">Q", n), AmqpTimestamp(n))),
    st.tuples(st.integers(0, 255), st.integers(-(2**31), 2**31 - 1)).map(
        lambda it: Value(b"D" + pack(">Bi", *it), AmqpDecimal(*it))
    ),
    st.just(Value(b"V", None)),
    st.binary(max_size=6).map(lambda raw: Value(b"x" + pack(">I", len(raw)) + raw, raw)),
    TEXTS.map(lambda raw: Value(longstr(raw), to_text(raw))),
)


def table_of(fields: Mapping[bytes, Value]) -> Value:
    """Return a field of type ``F``."""
    raw = b"F" + table({name: value.raw for name, value in fields.items()})
    return Value(raw, {to_text(name): value.meaning for name, value in fields.items()})


VALUES: st.SearchStrategy[Value] = st.recursive(
    _PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3).map(
            lambda items: Value(
                array([item.raw for item in items]), [item.meaning for item in items]
            )
        )
        | st.dictionaries(TEXTS, inner, max_size=3).map(table_of)
    ),
    max_leaves=6,
)
TABLES: st.SearchStrategy[Value] = st.dictionaries(TEXTS, VALUES, max_size=4).map(table_of)


def nested(depth: int) -> bytes:
    """Return a field table's value that holds *depth* tables and arrays one in another."""
    raw = b"V"
    for level in range(depth):
        raw = array([raw]) if level % 2 else b"F" + table({b"n": raw})
    return raw


def trace(
    properties: Mapping[bytes, bytes],
    *,
    queue: bytes | None = None,
    exchange: bytes = b"orders",
    routed: Sequence[bytes] = (b"work",),
    redelivered: bool = False,
    body: bytes = b"body",
    changed: Mapping[str, bytes] | None = None,
) -> Delivery:
    """Return the trace message of a publish or, with *queue*, of a delivery from it, with fields *changed*."""
    fields = {
        "exchange_name": longstr(exchange),
        "routing_keys": array([longstr(b"new")]),
        "properties": b"F" + table(properties),
        "node": longstr(b"rabbit@b"),
        "vhost": longstr(b"/"),
        "connection": longstr(b"10.0.0.1:1 -> b:5672"),
        "channel": b"I" + pack(">i", 7),
        "user": longstr(b"guest"),
    }
    if queue is None:
        fields["routed_queues"] = array([longstr(name) for name in routed])
        key = b"publish." + exchange
    else:
        fields["redelivered"] = b"I" + pack(">i", redelivered)
        key = b"deliver." + queue
    told = {name.encode(): raw for name, raw in (fields | dict(changed or {})).items()}
    header = header_payload(len(body), {"headers": table(told)})
    return Delivery(None, 1, False, b"amq.rabbitmq.trace", key, header, body)


def dead_letter(
    properties: Mapping[str, bytes], *, exchange: bytes = b"dlx", body: bytes = b"body"
) -> Delivery:
    """Return a delivery of a dead-letter tap with *properties* encoded as on the wire."""
    return Delivery(None, 1, False, exchange, b"new", header_payload(len(body), properties), body)


def short_text(raw: bytes) -> bytes:
    """Encode a property of a content header."""
    return short(raw)
