"""Properties and header tables as the bytes of a content header: the way back of ``table.py``.

Pure. What was decoded is encoded so that it decodes to the same; the width of an integer is chosen by its value, as most
clients do. Bytes that are text are sent as a byte array, other bytes as a string, which is what strings of other encodings
were.
"""

import struct
from typing import Any, cast

from collector.amqp.methods import longstr, shortstr
from events.facts import Properties, Table
from events.values import AmqpDecimal, AmqpTimestamp, Text

BASIC = 60
_TEXTS_BEFORE = (("content_type", 0x8000), ("content_encoding", 0x4000))
_TEXTS = (
    ("correlation_id", 0x0400),
    ("reply_to", 0x0200),
    ("expiration", 0x0100),
    ("message_id", 0x0080),
)
_TEXTS_AFTER = (("type", 0x0020), ("user_id", 0x0010), ("app_id", 0x0008))
_HEADERS, _MODE, _PRIORITY, _TIMESTAMP = 0x2000, 0x1000, 0x0800, 0x0040


def header_payload(
    properties: Properties, body_bytes: int, *, headers: bytes | None = None
) -> bytes:
    """Return the payload of a content header frame; *headers* is the table's entries as bytes, if the caller has them.

    Raises:
        ValueError: a text is longer than 255 bytes, or a value has no form in AMQP.
    """
    flags = 0
    parts: list[bytes] = []

    def texts(names: tuple[tuple[str, int], ...]) -> None:
        nonlocal flags
        for name, bit in names:
            value: Text | None = getattr(properties, name)
            if value is not None:
                flags |= bit
                parts.append(_short(name, value))

    texts(_TEXTS_BEFORE)
    entries = (
        table_entries(properties.headers) if headers is None and properties.headers else headers
    )
    if entries:
        flags |= _HEADERS
        parts.append(longstr(entries))
    for value, bit in ((properties.delivery_mode, _MODE), (properties.priority, _PRIORITY)):
        if value is not None:
            flags |= bit
            parts.append(bytes((value & 0xFF,)))
    texts(_TEXTS)
    if properties.timestamp is not None:
        flags |= _TIMESTAMP
        parts.append((properties.timestamp % 2**64).to_bytes(8, "big"))
    texts(_TEXTS_AFTER)
    return struct.pack(">HHQH", BASIC, 0, body_bytes, flags) + b"".join(parts)


def table_entries(table: Table) -> bytes:
    """Return *table* without its length.

    Raises:
        ValueError: a value has no form in AMQP, or a name is longer than 255 bytes.
    """
    return b"".join(_short("header", name) + _value(value) for name, value in table.items())


def _short(name: str, value: Text) -> bytes:
    try:
        return shortstr(value)
    except ValueError as error:
        raise ValueError(f"{name} is longer than 255 bytes") from error


def _value(value: Any) -> bytes:
    match value:
        case None:
            return b"V"
        case bool():
            return b"t" + bytes((value,))
        case int():
            return _integer(value)
        case float():
            return b"d" + struct.pack(">d", value)
        case str():
            return b"S" + longstr(value.encode())
        case bytes() | bytearray():
            return (b"x" if _is_text(bytes(value)) else b"S") + longstr(bytes(value))
        case AmqpTimestamp():
            return b"T" + (value.seconds % 2**64).to_bytes(8, "big")
        case AmqpDecimal():
            return b"D" + bytes((value.scale,)) + value.value.to_bytes(4, "big", signed=True)
        case dict():
            return b"F" + longstr(table_entries(cast("Table", value)))
        case list() | tuple():
            items = cast("list[object]", value)
            return b"A" + longstr(b"".join(_value(item) for item in items))
        case _:
            raise ValueError(f"a header of type {type(value).__name__} has no form in AMQP")


def _integer(value: int) -> bytes:
    if -(2**31) <= value < 2**31:
        return b"I" + value.to_bytes(4, "big", signed=True)
    if -(2**63) <= value < 2**63:
        return b"l" + value.to_bytes(8, "big", signed=True)
    if value < 2**64:
        return b"L" + value.to_bytes(8, "big")
    raise ValueError(f"the integer {value} has no form in AMQP")


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
