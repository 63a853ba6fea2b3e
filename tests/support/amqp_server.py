"""The server's side of AMQP in a few frames, and a transport in memory that was greeted with them."""

from struct import pack

from bench.raw import header_payload, short, table
from collector.amqp import Connection
from collector.amqp.methods import frame
from collector.amqp.transport import AmqpTransport
from tests.support.amqp_socket import ADDRESS, MemorySocket, transport_of


def method(channel: int, name: bytes, arguments: bytes = b"") -> bytes:
    """Return a method frame."""
    return frame(1, channel, name + arguments)


def start(mechanisms: bytes = b"PLAIN AMQPLAIN") -> bytes:
    """Return connection.start."""
    told = table({b"product": b"S" + pack(">I", 4) + b"Test"})
    lists = b"".join(pack(">I", len(each)) + each for each in (mechanisms, b"en_US"))
    return method(0, b"\0\x0a\0\x0a", b"\0\x09" + told + lists)


def tune(channel_max: int = 0, frame_max: int = 131_072, heartbeat_s: int = 0) -> bytes:
    """Return connection.tune."""
    return method(0, b"\0\x0a\0\x1e", pack(">HIH", channel_max, frame_max, heartbeat_s))


OPEN_OK = method(0, b"\0\x0a\0\x29", b"\0")


def channel_open_ok(channel: int) -> bytes:
    """Return channel.open-ok."""
    return method(channel, b"\0\x14\0\x0b", bytes(4))


def close(channel: int, code: int, text: bytes) -> bytes:
    """Return channel.close, or connection.close on channel 0."""
    name = b"\0\x14\0\x28" if channel else b"\0\x0a\0\x32"
    return method(channel, name, pack(">H", code) + short(text) + bytes(4))


def close_ok(channel: int) -> bytes:
    """Return channel.close-ok."""
    return method(channel, b"\0\x14\0\x29")


def consume_ok(channel: int) -> bytes:
    """Return basic.consume-ok."""
    return method(channel, b"\0\x3c\0\x15", short(b"t"))


def declare_ok(channel: int, ready: int = 0, consumers: int = 0) -> bytes:
    """Return queue.declare-ok."""
    return method(channel, b"\0\x32\0\x0b", short(b"q") + pack(">II", ready, consumers))


def delivery(channel: int, tag: int, body: bytes) -> list[bytes]:
    """Return the frames of a delivery: method, header, body."""
    deliver = b"\0\x3c\0\x3c" + short(b"t") + pack(">Q?", tag, False) + short(b"x") + short(b"k")
    parts = [(1, deliver), (2, header_payload(len(body), {})), (3, body)]
    return [frame(kind, channel, part) for kind, part in parts]


def greeted(
    *, channel_max: int = 0, heartbeat_s: int = 0, theirs_s: int = 0
) -> tuple[Connection, AmqpTransport, MemorySocket]:
    """Return an open connection with its transport and socket; what was written so far is forgotten."""
    transport, memory = transport_of(heartbeat_s=heartbeat_s)
    transport.data_received(start() + tune(channel_max, heartbeat_s=theirs_s) + OPEN_OK)
    transport.ready.result()
    memory.written.clear()
    return Connection(transport, ADDRESS), transport, memory
