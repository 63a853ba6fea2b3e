"""Decode AMQP field tables and content headers, whatever bytes the broker passes on.

Pure, and tolerant where pamqp raises: keys and strings that are not UTF-8 stay bytes, timestamps outside any calendar
stay numbers, ``L`` is unsigned. The only error is :class:`TableDamaged`, for bytes that no broker forwards: a length that
points outside, an unknown type, or nesting deeper than 32.
"""

import struct
from collections.abc import Callable
from typing import Any

from collector.amqp.errors import TableDamaged
from events.values import AmqpDecimal, AmqpTimestamp, Text, to_text

DEPTH_MAX = 32
_u32 = struct.Struct(">I").unpack_from

_fixed: dict[int, tuple[int, Callable[[bytes, int], tuple[Any, ...]]]] = {
    ord(kind): (struct.calcsize(layout), struct.Struct(layout).unpack_from)
    for kind, layout in {
        "b": ">b",
        "B": ">B",
        "s": ">h",
        "u": ">H",
        "I": ">i",
        "i": ">I",
        "l": ">q",
        "L": ">Q",
        "f": ">f",
        "d": ">d",
    }.items()
}
_string, _table, _array, _bool, _time, _bytes, _void, _decimal = b"SFAtTxVD"

_with_length = frozenset({_string, _table, _array, _bytes})
_sizes = {
    **{kind: 1 + size for kind, (size, _) in _fixed.items()},
    **dict.fromkeys(_with_length, 5),
    _bool: 2,
    _time: 9,
    _void: 1,
    _decimal: 6,
}
"""Bytes of a value with its type, without what a length field adds."""

SHORT, TABLE, OCTET, TIMESTAMP = range(4)
_properties: tuple[tuple[int, str, int], ...] = (
    (0x8000, "content_type", SHORT),
    (0x4000, "content_encoding", SHORT),
    (0x2000, "headers", TABLE),
    (0x1000, "delivery_mode", OCTET),
    (0x0800, "priority", OCTET),
    (0x0400, "correlation_id", SHORT),
    (0x0200, "reply_to", SHORT),
    (0x0100, "expiration", SHORT),
    (0x0080, "message_id", SHORT),
    (0x0040, "timestamp", TIMESTAMP),
    (0x0020, "type", SHORT),
    (0x0010, "user_id", SHORT),
    (0x0008, "app_id", SHORT),
    (0x0004, "cluster_id", SHORT),
)


def decode_table(data: bytes, start: int = 0) -> dict[Text, Any]:
    """Return the field table whose length field stands at *start*.

    Raises:
        TableDamaged: its bytes do not parse.
    """
    try:
        end = start + 4 + _u32(data, start)[0]
        if end > len(data):
            raise TableDamaged(f"a table at byte {start} ends outside")
        return entries(data, start + 4, end, 1)
    except (IndexError, struct.error) as error:
        raise TableDamaged(f"a table at byte {start} is cut short") from error


def decode_properties(payload: bytes) -> dict[str, Any]:
    """Return the set properties of a content header frame's *payload*, by their AMQP names with underscores.

    Raises:
        TableDamaged: its bytes do not parse.
    """
    try:
        flags = int.from_bytes(payload[12:14], "big")
        at = 14
        while payload[at - 1] & 1:  # continuation words exist in the format; no property uses them
            at += 2
        return _set_properties(payload, flags, at)
    except (IndexError, struct.error) as error:
        raise TableDamaged("the property list is cut short") from error


def _set_properties(payload: bytes, flags: int, at: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for bit, name, kind in _properties:
        if not flags & bit:
            continue
        if kind == SHORT:
            end = at + 1 + payload[at]
            found[name] = to_text(payload[at + 1 : end])
        elif kind == TABLE:
            found[name] = decode_table(payload, at)
            end = at + 4 + _u32(payload, at)[0]
        elif kind == OCTET:
            end = at + 1
            found[name] = payload[at]
        else:
            end = at + 8
            found[name] = int.from_bytes(payload[at:end], "big")
        at = end
    if at > len(payload):
        raise TableDamaged("a property ends outside its frame")
    return found


def spans(data: bytes, start: int = 0) -> dict[bytes, tuple[int, int]]:
    """Return (first byte, end) of the value of each entry of the table at *start*, the type byte being part of it.

    Of a name that stands there twice, which no broker writes, the last one counts.

    Raises:
        TableDamaged: its bytes do not parse.
    """
    found: dict[bytes, tuple[int, int]] = {}
    try:
        end = start + 4 + _u32(data, start)[0]
        at = start + 4
        while at < end:
            begin = at + 1 + data[at]
            kind = data[begin]
            stop = begin + _sizes[kind]
            if kind in _with_length:
                stop += _u32(data, begin + 1)[0]
            found[data[at + 1 : begin]] = begin, stop
            at = stop
    except (IndexError, struct.error) as error:
        raise TableDamaged(f"a table at byte {start} is cut short") from error
    except KeyError as error:
        raise TableDamaged(f"unknown type {error.args[0]:#04x} in a table") from error
    if at != end or end > len(data):
        raise TableDamaged(f"a table at byte {start} ends outside")
    return found


def entries(data: bytes, at: int, end: int, depth: int) -> dict[Text, Any]:
    """Return the entries from *at* to *end* of a table that stands *depth* tables deep, 1 for an outermost one.

    Raises:
        TableDamaged, IndexError, struct.error: they do not parse.
    """
    if depth > DEPTH_MAX:
        raise TableDamaged(f"nested deeper than {DEPTH_MAX}")
    found: dict[Text, Any] = {}
    while at < end:
        stop = at + 1 + data[at]
        key = data[at + 1 : stop]
        try:
            name: Text = key.decode()
        except UnicodeDecodeError:
            name = key
        kind = data[stop]
        if kind == _string:  # by far the commonest
            begin = stop + 5
            at = begin + _u32(data, stop + 1)[0]
            try:
                found[name] = data[begin:at].decode()
            except UnicodeDecodeError:
                found[name] = data[begin:at]
        elif kind in _fixed:
            size, unpack = _fixed[kind]
            found[name] = unpack(data, stop + 1)[0]
            at = stop + 1 + size
        else:
            found[name], at = _value(data, stop, end, depth)
    if at != end:
        raise TableDamaged(f"a table entry ends outside its table at byte {end}")
    return found


def _items(data: bytes, at: int, end: int, depth: int) -> list[Any]:
    if depth > DEPTH_MAX:
        raise TableDamaged(f"nested deeper than {DEPTH_MAX}")
    found: list[Any] = []
    while at < end:
        item, at = _value(data, at, end, depth)
        found.append(item)
    if at != end:
        raise TableDamaged(f"an array item ends outside its array at byte {end}")
    return found


def _value(data: bytes, at: int, end: int, depth: int) -> tuple[Any, int]:
    kind = data[at]
    if (fixed := _fixed.get(kind)) is not None:
        return fixed[1](data, at + 1)[0], at + 1 + fixed[0]
    if kind in (_string, _table, _array, _bytes):
        return _sized(data, at, end, depth)
    if kind == _bool:
        return data[at + 1] != 0, at + 2
    if kind == _void:
        return None, at + 1
    if kind == _time:
        return AmqpTimestamp(int.from_bytes(data[at + 1 : at + 9], "big")), at + 9
    if kind == _decimal:
        number = int.from_bytes(data[at + 2 : at + 6], "big", signed=True)
        return AmqpDecimal(data[at + 1], number), at + 6
    raise TableDamaged(f"unknown type {kind:#04x} at byte {at}")


def _sized(data: bytes, at: int, end: int, depth: int) -> tuple[Any, int]:
    begin = at + 5
    stop = begin + _u32(data, at + 1)[0]
    if stop > end:
        raise TableDamaged(f"a value at byte {at} ends outside")
    kind = data[at]
    if kind == _table:
        return entries(data, begin, stop, depth + 1), stop
    if kind == _array:
        return _items(data, begin, stop, depth + 1), stop
    raw = data[begin:stop]
    return (to_text(raw) if kind == _string else raw), stop
