"""The few methods a tap sends and receives, as bytes.

Pure. Names are written as they are: a queue or virtual host of a service may hold any characters, which is why the
checks of a general library are not used here.
"""

from collections.abc import Mapping
from struct import Struct
from typing import Any

from pamqp import encode

from events.values import Text, to_text

_method = Struct(">HH").pack

START, START_OK = b"\x00\x0a\x00\x0a", b"\x00\x0a\x00\x0b"
TUNE, TUNE_OK = b"\x00\x0a\x00\x1e", b"\x00\x0a\x00\x1f"
OPEN, OPEN_OK = b"\x00\x0a\x00\x28", b"\x00\x0a\x00\x29"
CLOSE, CLOSE_OK = b"\x00\x0a\x00\x32", b"\x00\x0a\x00\x33"
BLOCKED, UNBLOCKED = b"\x00\x0a\x00\x3c", b"\x00\x0a\x00\x3d"
CHANNEL_OPEN, CHANNEL_OPEN_OK = b"\x00\x14\x00\x0a", b"\x00\x14\x00\x0b"
CHANNEL_CLOSE, CHANNEL_CLOSE_OK = b"\x00\x14\x00\x28", b"\x00\x14\x00\x29"
QUEUE_DECLARE, QUEUE_DECLARE_OK = b"\x00\x32\x00\x0a", b"\x00\x32\x00\x0b"
QUEUE_BIND, QUEUE_BIND_OK = b"\x00\x32\x00\x14", b"\x00\x32\x00\x15"
QUEUE_UNBIND, QUEUE_UNBIND_OK = b"\x00\x32\x00\x32", b"\x00\x32\x00\x33"
QUEUE_DELETE, QUEUE_DELETE_OK = b"\x00\x32\x00\x28", b"\x00\x32\x00\x29"
QOS, QOS_OK = b"\x00\x3c\x00\x0a", b"\x00\x3c\x00\x0b"
CONSUME, CONSUME_OK = b"\x00\x3c\x00\x14", b"\x00\x3c\x00\x15"
CANCEL, CANCEL_OK = b"\x00\x3c\x00\x1e", b"\x00\x3c\x00\x1f"
PUBLISH = b"\x00\x3c\x00\x28"
GET, GET_OK, GET_EMPTY = b"\x00\x3c\x00\x46", b"\x00\x3c\x00\x47", b"\x00\x3c\x00\x48"
ACK = b"\x00\x3c\x00\x50"
CONFIRM_SELECT, CONFIRM_SELECT_OK = b"\x00\x55\x00\x0a", b"\x00\x55\x00\x0b"
NACK = b"\x00\x3c\x00\x78"

_ack_frame = Struct(">BHI4sQBB").pack


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    """Return one frame as it goes over the wire."""
    return Struct(">BHI").pack(kind, channel, len(payload)) + payload + b"\xce"


def ack_frame(channel: int, tag: int, *, multiple: bool) -> bytes:
    """Return the frame that acknowledges delivery *tag*, or all up to it."""
    return _ack_frame(1, channel, 13, ACK, tag, multiple, 0xCE)


def shortstr(text: Text) -> bytes:
    """Return *text* with its length in one byte.

    Raises:
        ValueError: it is longer than 255 bytes.
    """
    raw = text.encode() if isinstance(text, str) else text
    return bytes((len(raw),)) + raw


def longstr(raw: bytes) -> bytes:
    """Return *raw* with its length in four bytes."""
    return len(raw).to_bytes(4, "big") + raw


def start_ok(properties: Mapping[str, Any], user: str, password: str) -> bytes:
    """Return connection.start-ok with the PLAIN mechanism."""
    response = longstr(f"\0{user}\0{password}".encode())
    return (
        START_OK
        + encode.field_table(dict(properties))
        + shortstr("PLAIN")
        + response
        + shortstr("en_US")
    )


def tune_ok(channel_max: int, frame_max: int, heartbeat_s: int) -> bytes:
    """Return connection.tune-ok."""
    return TUNE_OK + Struct(">HIH").pack(channel_max, frame_max, heartbeat_s)


def open_vhost(vhost: str) -> bytes:
    """Return connection.open."""
    return OPEN + shortstr(vhost) + b"\0\0"


def close(method: bytes, code: int, text: str) -> bytes:
    """Return connection.close or channel.close, whichever *method* says."""
    return method + code.to_bytes(2, "big") + shortstr(text) + b"\0\0\0\0"


def queue_declare(queue: Text, *, flags: int, arguments: Mapping[str, Any]) -> bytes:
    """Return queue.declare; *flags*: 1 passive, 2 durable, 4 exclusive, 8 auto-delete."""
    return (
        QUEUE_DECLARE
        + b"\0\0"
        + shortstr(queue)
        + bytes((flags,))
        + encode.field_table(dict(arguments))
    )


def queue_bind(queue: Text, exchange: Text, key: Text, arguments: Mapping[str, Any]) -> bytes:
    """Return queue.bind."""
    names = shortstr(queue) + shortstr(exchange) + shortstr(key)
    return QUEUE_BIND + b"\0\0" + names + b"\0" + encode.field_table(dict(arguments))


def queue_unbind(queue: Text, exchange: Text, key: Text, arguments: Mapping[str, Any]) -> bytes:
    """Return queue.unbind."""
    names = shortstr(queue) + shortstr(exchange) + shortstr(key)
    return QUEUE_UNBIND + b"\0\0" + names + encode.field_table(dict(arguments))


def queue_delete(queue: Text) -> bytes:
    """Return queue.delete, used or not, empty or not."""
    return QUEUE_DELETE + b"\0\0" + shortstr(queue) + b"\0"


def qos(prefetch: int) -> bytes:
    """Return basic.qos for each new consumer of the channel."""
    return QOS + b"\0\0\0\0" + prefetch.to_bytes(2, "big") + b"\0"


def consume(queue: Text, tag: str) -> bytes:
    """Return basic.consume with acknowledgements."""
    return CONSUME + b"\0\0" + shortstr(queue) + shortstr(tag) + b"\0" + encode.field_table({})


def get(queue: Text, *, no_ack: bool) -> bytes:
    """Return basic.get."""
    return GET + b"\0\0" + shortstr(queue) + bytes((no_ack,))


def publish(exchange: Text, key: Text, *, mandatory: bool) -> bytes:
    """Return basic.publish; a content header and body follow it."""
    return PUBLISH + b"\0\0" + shortstr(exchange) + shortstr(key) + bytes((mandatory,))


def closing(payload: bytes) -> tuple[int, str]:
    """Return code and text of a connection.close or channel.close, whatever bytes its text holds."""
    size = payload[6] if len(payload) > 6 else 0
    return int.from_bytes(payload[4:6], "big"), payload[7 : 7 + size].decode(
        "utf-8", "backslashreplace"
    )


def cancelled(payload: bytes) -> Text:
    """Return the consumer tag of a basic.cancel."""
    return to_text(payload[5 : 5 + payload[4]])
