"""The type system of AMQP 1.0, as far as a test client needs it: values to bytes and back.

Pure. A plain ``str``, ``bytes``, ``bool``, ``None``, ``int`` (a long), ``float``, ``list`` or ``dict`` stands for the type
of that name; the classes below stand for those that Python has no type for.
"""

from dataclasses import dataclass
from struct import pack, unpack_from
from typing import Any, Final


class Symbol(str):
    """An ASCII name, such as a mechanism."""

    __slots__ = ()


class UByte(int):
    """Eight bits without a sign."""


class UShort(int):
    """Sixteen bits without a sign."""


class UInt(int):
    """Thirty-two bits without a sign."""


@dataclass(frozen=True)
class Described:
    """A value with what it is: a performative, an outcome or a section of a message."""

    what: int
    value: Any


_FIXED: Final = {
    UByte: (0x50, ">B"),
    UShort: (0x60, ">H"),
    UInt: (0x70, ">I"),
    int: (0x81, ">q"),
    float: (0x82, ">d"),
}
_VARIABLE: Final = {bytes: 0xB0, str: 0xB1, Symbol: 0xB3}
_NUMBERS: Final = {
    0x50: ">B", 0x51: ">b", 0x52: ">B", 0x53: ">B", 0x54: ">b", 0x55: ">b", 0x56: ">?",
    0x60: ">H", 0x61: ">h", 0x70: ">I", 0x71: ">i", 0x72: ">f", 0x73: ">I",
    0x80: ">Q", 0x81: ">q", 0x82: ">d", 0x83: ">q",
}  # fmt: skip
_CONSTANTS: Final = {0x40: None, 0x41: True, 0x42: False, 0x43: 0, 0x44: 0}


def encode(value: Any) -> bytes:
    """Return *value* as AMQP 1.0 writes it.

    Raises:
        KeyError: it is of no type that stands for one of AMQP 1.0.
    """
    if value is None or isinstance(value, bool):
        return {None: b"\x40", True: b"\x41", False: b"\x42"}[value]
    if isinstance(value, Described):
        return b"\0\x80" + pack(">Q", value.what) + encode(value.value)
    if isinstance(value, list | dict):
        return _compound(value)
    if isinstance(value, str | bytes):
        data = value.encode() if isinstance(value, str) else value
        return pack(">BI", _VARIABLE[type(value)], len(data)) + data
    code, form = _FIXED[type(value)]
    return bytes([code]) + pack(form, value)


def _compound(value: list[Any] | dict[Any, Any]) -> bytes:
    if isinstance(value, list):
        code, parts = 0xD0, value
    else:
        code, parts = 0xD1, [part for pair in value.items() for part in pair]
    packed = b"".join(map(encode, parts))
    return pack(">BII", code, len(packed) + 4, len(parts)) + packed


def decode(data: bytes, at: int = 0) -> tuple[Any, int]:
    """Return the value that stands in *data* from *at* on, and where it ends.

    Raises:
        ValueError: a type that no version of AMQP 1.0 has.
    """
    code = data[at]
    at += 1
    if code == 0:
        what, at = decode(data, at)
        value, at = decode(data, at)
        return Described(what, value), at
    if code in _CONSTANTS:
        return _CONSTANTS[code], at
    if code in _NUMBERS:
        form = _NUMBERS[code]
        (number,) = unpack_from(form, data, at)
        return number, at + (1 << (code >> 4) - 5)
    if code == 0x98:
        return data[at : at + 16], at + 16
    if code == 0x45:
        return [], at
    width = 4 if code & 0x10 else 1
    size = int.from_bytes(data[at : at + width], "big")
    at += width
    if 0xA0 <= code < 0xC0:
        content = data[at : at + size]
        return (content if code in {0xA0, 0xB0} else content.decode()), at + size
    if code >= 0xC0:
        return _elements(code, data, at, width), at + size
    raise ValueError(f"no type of AMQP 1.0: {code:#x}")


def _elements(code: int, data: bytes, at: int, width: int) -> Any:
    count = int.from_bytes(data[at : at + width], "big")
    at += width
    if code >= 0xE0:  # an array: one constructor for all elements
        _, end = decode(data, at) if data[at] == 0 else (None, at + 1)
        constructor, body, found = data[at:end], data[end:], list[Any]()
        for _ in range(count):
            value, used = decode(constructor + body)
            found.append(value)
            body = body[used - len(constructor) :]
        return found
    values: list[Any] = []
    for _ in range(count):
        value, at = decode(data, at)
        values.append(value)
    if code in {0xC0, 0xD0}:
        return values
    return dict(zip(values[::2], values[1::2], strict=True))


def sections(data: bytes) -> list[Described]:
    """Return the sections of a message."""
    found: list[Described] = []
    at = 0
    while at < len(data):
        section, at = decode(data, at)
        found.append(section)
    return found
