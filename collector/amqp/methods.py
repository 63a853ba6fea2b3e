"""The few methods a tap sends and receives, as bytes.

Pure. Names are written as they are: a queue or virtual host of a service may hold any characters, which is why the
checks of a general library are not used here.
"""

from collections.abc import Mapping
from struct import Struct
from typing import Any

from pamqp import encode

from collector.amqp.errors import AmqpProtocolError
from collector.amqp.table import decode_table
from events.values import Text, to_text

_method = Struct(">HH").pack

START, START_OK = b"\x00\x0a\x00\x0a", b"\x00\x0a\x00\x0b"
SECURE = b"\x00\x0a\x00\x14"
TUNE, TUNE_OK = b"\x00\x0a\x00\x1e", b"\x00\x0a\x00\x1f"
OPEN, OPEN_OK = b"\x00\x0a\x00\x28", b"\x00\x0a\x00\x29"
CLOSE, CLOSE_OK = b"\x00\x0a\x00\x32", b"\x00\x0a\x00\x33"
BLOCKED, UNBLOCKED = b"\x00\x0a\x00\x3c", b"\x00\x0a\x00\x3d"
CHANNEL_OPEN, CHANNEL_OPEN_OK = b"\x00\x14\x00\x0a", b"\x00\x14\x00\x0b"
CHANNEL_FLOW, CHANNEL_FLOW_OK = b"\x00\x14\x00\x14", b"\x00\x14\x00\x15"
CHANNEL_CLOSE, CHANNEL_CLOSE_OK = b"\x00\x14\x00\x28", b"\x00\x14\x00\x29"
EXCHANGE_DECLARE, EXCHANGE_DECLARE_OK = b"\x00\x28\x00\x0a", b"\x00\x28\x00\x0b"
QUEUE_DECLARE, QUEUE_DECLARE_OK = b"\x00\x32\x00\x0a", b"\x00\x32\x00\x0b"
QUEUE_BIND, QUEUE_BIND_OK = b"\x00\x32\x00\x14", b"\x00\x32\x00\x15"
QUEUE_UNBIND, QUEUE_UNBIND_OK = b"\x00\x32\x00\x32", b"\x00\x32\x00\x33"
QUEUE_DELETE, QUEUE_DELETE_OK = b"\x00\x32\x00\x28", b"\x00\x32\x00\x29"
QOS, QOS_OK = b"\x00\x3c\x00\x0a", b"\x00\x3c\x00\x0b"
CONSUME, CONSUME_OK = b"\x00\x3c\x00\x14", b"\x00\x3c\x00\x15"
CANCEL, CANCEL_OK = b"\x00\x3c\x00\x1e", b"\x00\x3c\x00\x1f"
PUBLISH, RETURN = b"\x00\x3c\x00\x28", b"\x00\x3c\x00\x32"
GET, GET_OK, GET_EMPTY = b"\x00\x3c\x00\x46", b"\x00\x3c\x00\x47", b"\x00\x3c\x00\x48"
ACK = b"\x00\x3c\x00\x50"
CONFIRM_SELECT, CONFIRM_SELECT_OK = b"\x00\x55\x00\x0a", b"\x00\x55\x00\x0b"
NACK = b"\x00\x3c\x00\x78"

_tune = Struct(">HIH").unpack_from
_two_counts = Struct(">II").unpack_from
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


def started(payload: bytes) -> tuple[dict[Text, Any], list[str]]:
    """Return what a connection.start tells of the server, and the mechanisms it offers.

    Raises:
        TableDamaged: its bytes do not parse.
    """
    server = decode_table(payload, 6)
    at = 10 + int.from_bytes(payload[6:10], "big")
    size = int.from_bytes(payload[at : at + 4], "big")
    return server, payload[at + 4 : at + 4 + size].decode("utf-8", "backslashreplace").split()


def start_ok(properties: Mapping[str, Any], mechanism: str, response: bytes) -> bytes:
    """Return connection.start-ok with the *response* that *mechanism* asks for."""
    return (
        START_OK
        + encode.field_table(dict(properties))
        + shortstr(mechanism)
        + longstr(response)
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


def exchange_look(exchange: Text) -> bytes:
    """Return exchange.declare that only looks whether the exchange is there."""
    return EXCHANGE_DECLARE + b"\0\0" + shortstr(exchange) + b"\0\x01" + encode.field_table({})


def exchange_declare(exchange: Text, kind: str) -> bytes:
    """Return exchange.declare of a durable exchange that goes with the last queue bound to it."""
    names = shortstr(exchange) + shortstr(kind)
    return EXCHANGE_DECLARE + b"\0\0" + names + b"\x06" + encode.field_table({})


def returned(payload: bytes) -> str:
    """Return the reason in a basic.return."""
    text, _ = _short(payload, 6)
    return f"{int.from_bytes(payload[4:6], 'big')} {text.decode('utf-8', 'backslashreplace')}"


def confirmed(payload: bytes) -> tuple[int, bool]:
    """Return the number that a basic.ack or basic.nack of the broker is about, and whether all before it are too."""
    return int.from_bytes(payload[4:12], "big"), payload[12:13] not in (b"", b"\0")


def return_to_queue(tag: int) -> bytes:
    """Return basic.nack that gives delivery *tag* back to its queue."""
    return NACK + tag.to_bytes(8, "big") + b"\x02"


def closing(payload: bytes) -> tuple[int, str]:
    """Return code and text of a connection.close or channel.close, whatever bytes its text holds."""
    text, _ = _short(payload, 6)
    return int.from_bytes(payload[4:6], "big"), text.decode("utf-8", "backslashreplace")


def cancelled(payload: bytes) -> tuple[Text, bool]:
    """Return the consumer tag of a basic.cancel, and whether the sender waits for an answer."""
    tag, after = _short(payload, 4)
    return to_text(tag), payload[after : after + 1] != b"\x01"


def cancel_ok(tag: Text) -> bytes:
    """Return basic.cancel-ok."""
    return CANCEL_OK + shortstr(tag)


def blocked(payload: bytes) -> str:
    """Return the reason in a connection.blocked."""
    return _short(payload, 4)[0].decode("utf-8", "backslashreplace")


def tuned(payload: bytes) -> tuple[int, int, int]:
    """Return channel-max, frame-max (bytes) and heartbeat (s) of a connection.tune; 0 means no limit, or none.

    Raises:
        AmqpProtocolError: it is cut short.
    """
    if len(payload) < 12:
        raise AmqpProtocolError("a connection.tune is cut short")
    return _tune(payload, 4)


def queue_declared(payload: bytes) -> tuple[int, int]:
    """Return ready messages and consumers of a queue.declare-ok.

    Raises:
        AmqpProtocolError: it is cut short.
    """
    _, at = _short(payload, 4)
    if len(payload) < at + 8:
        raise AmqpProtocolError("a queue.declare-ok is cut short")
    return _two_counts(payload, at)


def _short(payload: bytes, at: int) -> tuple[bytes, int]:
    """Return the short string at *at*, or what is there of it, and where it ends."""
    end = at + 1 + (payload[at] if at < len(payload) else 0)
    return payload[at + 1 : end], end
