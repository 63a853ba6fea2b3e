"""The properties of a message as a broker tells them, in either of two ways that agree. Pure.

:func:`properties_of` reads the table that the firehose writes, in one pass over what usually stands in it.
:func:`properties_from` takes whatever was decoded, and says what is wrong with it.
"""

from struct import Struct
from struct import error as StructError  # noqa: N812
from types import NoneType
from typing import Any, Final

from collector.amqp.errors import TableDamaged
from collector.amqp.table import entries
from events.facts import Properties

_u32 = Struct(">I").unpack_from
_i32 = Struct(">i").unpack_from
_fields = Properties.__struct_fields__
_names = frozenset(_fields)
_numbers: Final = ("delivery_mode", "priority", "timestamp")
_table_or_none = frozenset({dict, NoneType})
_number_or_none = frozenset({int, NoneType})
_text_or_none = frozenset({str, bytes, NoneType})


def _entry(name: str, kind: bytes) -> bytes:
    return bytes([len(name)]) + name.encode() + kind


_text_slots = {
    _entry(name, b"S"): slot
    for slot, name in enumerate(_fields)
    if name != "headers" and name not in _numbers
}
_number_slots = {_entry(name, b"I"): _fields.index(name) for name in _numbers}
_headers_entry = _entry("headers", b"F")
_headers_slot = _fields.index("headers")
_none_set = [None] * len(_fields)


def properties_of(raw: bytes) -> Properties | None:
    """Return the properties in *raw*, the entries of the firehose's table; None when the general way must judge them."""
    found: list[Any] = _none_set.copy()
    at, size = 0, len(raw)
    try:
        while at < size:
            begin = at + 2 + raw[at]
            entry = raw[at:begin]
            slot = _text_slots.get(entry)
            if slot is not None:
                at = begin + 4 + _u32(raw, begin)[0]
                value = raw[begin + 4 : at]
                try:
                    found[slot] = value.decode()
                except UnicodeDecodeError:
                    found[slot] = value
            elif entry == _headers_entry:
                at = begin + 4 + _u32(raw, begin)[0]
                found[_headers_slot] = entries(raw, begin + 4, at, 2)
            else:
                found[_number_slots[entry]] = _i32(raw, begin)[0]
                at = begin + 4
    except (KeyError, IndexError, StructError, TableDamaged):
        return None
    return Properties(*found) if at == size else None


def properties_from(told: dict[str, Any]) -> Properties:
    """Return *told* as typed properties.

    Raises:
        TableDamaged: a property has a type that AMQP does not give it.
    """
    try:
        found = Properties(**told)
    except TypeError:  # a property that only the specification knows
        found = Properties(**{name: told[name] for name in told.keys() & _names})
    if (
        type(found.headers) not in _table_or_none
        or not {type(found.delivery_mode), type(found.priority), type(found.timestamp)}
        <= _number_or_none
        or not {
            type(found.content_type),
            type(found.correlation_id),
            type(found.message_id),
            type(found.type),
            type(found.app_id),
        }
        <= _text_or_none
    ):
        raise TableDamaged("a property has a type that AMQP does not give it")
    return found
