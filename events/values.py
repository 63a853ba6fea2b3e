"""Values a broker passes on, without loss.

Broker text is ``str`` when it is UTF-8, else ``bytes``; the same holds for the keys and values of header tables.
In JSON the bytes form is ``{"b64": "..."}``. Two AMQP types have no counterpart in MessagePack or JSON and get a
type of their own: timestamps (which may be out of any calendar's range) and decimals.
"""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec

if TYPE_CHECKING:
    Text = str | bytes
else:  # msgspec refuses a union of str and bytes, though MessagePack tells them apart by itself
    Text = Any

TYPE_OF_TIMESTAMP = 1
TYPE_OF_DECIMAL = 2


class AmqpTimestamp:
    """A field of AMQP type ``T``: unsigned seconds since 1970, not checked against any calendar."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AmqpTimestamp) and other.seconds == self.seconds

    def __hash__(self) -> int:
        return hash((AmqpTimestamp, self.seconds))

    def __repr__(self) -> str:
        return f"AmqpTimestamp({self.seconds})"


class AmqpDecimal:
    """A field of AMQP type ``D``: ``value / 10 ** scale``, both kept as sent."""

    __slots__ = ("scale", "value")

    def __init__(self, scale: int, value: int) -> None:
        self.scale = scale
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AmqpDecimal) and (other.scale, other.value) == (
            self.scale,
            self.value,
        )

    def __hash__(self) -> int:
        return hash((AmqpDecimal, self.scale, self.value))

    def __repr__(self) -> str:
        return f"AmqpDecimal({self.scale}, {self.value})"


def to_text(raw: bytes) -> Text:
    """Return *raw* as ``str`` when it is UTF-8, else unchanged."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def shown(text: Text) -> str:
    r"""Return *text* for a person to read: bytes that are not UTF-8 appear as ``\xNN``."""
    return text if isinstance(text, str) else text.decode("utf-8", "backslashreplace")


def encode_extension(value: object) -> msgspec.msgpack.Ext:
    """Encode the two AMQP types as MessagePack extensions (an ``enc_hook`` of msgspec)."""
    if isinstance(value, AmqpTimestamp):
        return msgspec.msgpack.Ext(TYPE_OF_TIMESTAMP, value.seconds.to_bytes(8, "big"))
    if isinstance(value, AmqpDecimal):
        packed = value.scale.to_bytes(1, "big") + value.value.to_bytes(4, "big", signed=True)
        return msgspec.msgpack.Ext(TYPE_OF_DECIMAL, packed)
    raise NotImplementedError(f"no encoding for {type(value).__name__}")


def decode_extension(code: int, data: memoryview) -> object:
    """Invert :func:`encode_extension` (an ``ext_hook`` of msgspec)."""
    if code == TYPE_OF_TIMESTAMP:
        return AmqpTimestamp(int.from_bytes(data, "big"))
    if code == TYPE_OF_DECIMAL:
        return AmqpDecimal(data[0], int.from_bytes(data[1:5], "big", signed=True))
    return msgspec.msgpack.Ext(code, bytes(data))


def to_json(value: object) -> object:
    """Return *value* as JSON builtins, without loss of meaning.

    Bytes become ``{"b64": ...}``, timestamps ``{"timestamp": seconds}``, decimals ``{"decimal": "12.34"}``, integers
    beyond 2**53 strings, floats that JSON cannot hold their name, and keys that are not UTF-8 ``"b64:..."``.
    """
    match value:
        case str() | bool() | None:
            return value
        case int():
            return value if -(2**53) <= value <= 2**53 else str(value)
        case float():
            return value if value - value == 0 else str(value)
        case bytes() | bytearray():
            return {"b64": base64.b64encode(value).decode()}
        case memoryview():
            return {"b64": base64.b64encode(value.tobytes()).decode()}
        case AmqpTimestamp():
            return {"timestamp": value.seconds}
        case AmqpDecimal():
            return {"decimal": decimal_text(value)}
        case Mapping():
            table = cast("Mapping[object, object]", value)
            return {key_to_json(key): to_json(item) for key, item in table.items()}
        case list() | tuple():
            return [to_json(item) for item in cast("list[object]", value)]
        case _:
            return str(value)


def key_to_json(key: object) -> str:
    """Return a table key for JSON, where only strings may be keys."""
    if isinstance(key, bytes):
        return "b64:" + base64.b64encode(key).decode()
    return str(key)


def decimal_text(value: AmqpDecimal) -> str:
    """Return the decimal in positional notation, e.g. ``-0.05``."""
    digits = str(abs(value.value)).rjust(value.scale + 1, "0")
    whole, part = digits[: len(digits) - value.scale], digits[len(digits) - value.scale :]
    return ("-" if value.value < 0 else "") + whole + ("." + part if part else "")
