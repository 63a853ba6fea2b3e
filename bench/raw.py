"""A bare AMQP 0-9-1 socket: publishes any bytes a broker takes, and consumes without looking at what comes.

For benchmarks (the baseline that discards) and for tests that send what no client library will encode.
"""

import socket
from collections.abc import Callable, Mapping
from struct import Struct, pack
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from pamqp import commands, frame

FRAME = Struct(">BHI")
RECEIVE_BYTES = 1 << 20
HEADERS_FLAG = 0x2000
FLAGS = {
    "content_type": 0x8000,
    "content_encoding": 0x4000,
    "headers": HEADERS_FLAG,
    "delivery_mode": 0x1000,
    "priority": 0x0800,
    "correlation_id": 0x0400,
    "reply_to": 0x0200,
    "expiration": 0x0100,
    "message_id": 0x0080,
    "timestamp": 0x0040,
    "type": 0x0020,
    "user_id": 0x0010,
    "app_id": 0x0008,
}
"""Property flags in wire order (AMQP 0-9-1 specification, section 1.8.1)."""


def short(text: bytes) -> bytes:
    """Encode a short string of at most 255 bytes."""
    return bytes([len(text)]) + text


def table(fields: Mapping[bytes, bytes]) -> bytes:
    """Encode a field table from encoded values, each with its type byte."""
    packed = b"".join(short(key) + value for key, value in fields.items())
    return pack(">I", len(packed)) + packed


def header_payload(size: int, properties: Mapping[str, bytes]) -> bytes:
    """Encode a content header: *properties* are already encoded values by name."""
    flags = sum(FLAGS[name] for name in properties)
    values = b"".join(properties[name] for name in FLAGS if name in properties)
    return pack(">HHQH", 60, 0, size, flags) + values


def frames_of(
    channel: int,
    exchange: bytes,
    key: bytes,
    properties: Mapping[str, bytes],
    body: bytes,
    *,
    frame_max: int = 131_072,
) -> bytes:
    """Return the frames of one publish."""
    method = pack(">HHH", 60, 40, 0) + short(exchange) + short(key) + b"\0"
    parts = [(1, method), (2, header_payload(len(body), properties))]
    step = frame_max - 8
    parts += [(3, body[at : at + step]) for at in range(0, len(body), step)]
    return b"".join(FRAME.pack(kind, channel, len(part)) + part + b"\xce" for kind, part in parts)


class RawConnection:
    """One blocking connection with channel 1 open; publisher confirms on request."""

    def __init__(self, url: str, *, name: str = "raw", timeout_s: float = 60) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection(
            (parts.hostname or "127.0.0.1", parts.port or 5672), timeout_s
        )
        self._rest = b""
        login = f"\0{unquote(parts.username or 'guest')}\0{unquote(parts.password or 'guest')}"
        self._socket.sendall(b"AMQP\0\0\x09\x01")
        self.expect(commands.Connection.Start)
        self.send(
            commands.Connection.StartOk(
                client_properties={"connection_name": name, "product": "raw"},
                mechanism="PLAIN",
                response=login,
                locale="en_US",
            ),
            0,
        )
        tune = self.expect(commands.Connection.Tune)
        self.frame_max = tune.frame_max
        self.send(commands.Connection.TuneOk(tune.channel_max, tune.frame_max, 0), 0)
        self.send(commands.Connection.Open(virtual_host=unquote(parts.path[1:]) or "/"), 0)
        self.expect(commands.Connection.OpenOk)
        self.send(commands.Channel.Open())
        self.expect(commands.Channel.OpenOk)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, method: Any, channel: int = 1) -> None:
        """Send one control frame."""
        self._socket.sendall(frame.marshal(method, channel))

    def send_raw(self, data: bytes) -> None:
        """Send frames as they are."""
        self._socket.sendall(data)

    def ack(self, tag: bytes, channel: int = 1) -> None:
        """Acknowledge delivery *tag*, as it came (8 bytes), and all before it."""
        payload = b"\0\x3c\0\x50" + tag + b"\x01"
        self.send_raw(FRAME.pack(1, channel, len(payload)) + payload + b"\xce")

    def expect(self, kind: type) -> Any:
        """Return the next method of *kind*; others are passed over.

        Raises:
            ConnectionError: the broker closed the connection or channel.
        """
        found: list[Any] = []

        def take(frame_kind: int, channel: int, payload: bytes) -> bool:
            if frame_kind != 1:
                return False
            data = FRAME.pack(frame_kind, channel, len(payload)) + payload + b"\xce"
            _, _, method = frame.unmarshal(data)
            if isinstance(method, commands.Connection.Close | commands.Channel.Close):
                raise ConnectionError(f"{method.reply_code} {method.reply_text}")
            if isinstance(method, kind):
                found.append(method)
            return bool(found)

        self.receive(take)
        return found[0]

    def call(self, method: Any, answer: type) -> Any:
        """Send a control method on channel 1 and return its answer."""
        self.send(method)
        return self.expect(answer)

    def invoke(self, payload: bytes, answer: type) -> Any:
        """Send a method frame's *payload* on channel 1 as it is and return its answer."""
        self.send_raw(FRAME.pack(1, 1, len(payload)) + payload + b"\xce")
        return self.expect(answer)

    def receive(self, take: Callable[[int, int, bytes], bool]) -> None:
        """Hand frames to *take* (type, channel, payload) until it returns True."""
        data, at = self._rest, 0
        while True:
            while len(data) - at >= 8:
                kind, channel, length = FRAME.unpack_from(data, at)
                if len(data) - at < length + 8:
                    break
                payload = data[at + 7 : at + 7 + length]
                at += length + 8
                if take(kind, channel, payload):
                    self._rest = data[at:]
                    return
            more = self._socket.recv(RECEIVE_BYTES)
            if not more:
                raise ConnectionError("the broker closed the connection")
            data, at = data[at:] + more, 0

    def publish_all(self, publishes: list[bytes]) -> None:
        """Send prepared publishes with confirms on, and return when the broker has confirmed them all."""
        self.call(commands.Confirm.Select(), commands.Confirm.SelectOk)
        for data in publishes:
            self.send_raw(data)
        confirmed = 0

        def take(kind: int, _: int, payload: bytes) -> bool:
            nonlocal confirmed
            if kind == 1 and payload[:4] == b"\0\x3c\0\x50":
                confirmed = int.from_bytes(payload[4:12], "big")
            if kind == 1 and payload[2:4] == b"\0\x28" and payload[:2] in {b"\0\x0a", b"\0\x14"}:
                raise ConnectionError(repr(payload))
            return confirmed >= len(publishes)

        if publishes:
            self.receive(take)


def discard(
    url: str, queue: str, count: int, *, prefetch: int = 2000, ack_every: int = 500
) -> None:
    """Consume *count* deliveries of *queue*, looking at nothing but the delivery tag, acknowledging in bulk."""
    with RawConnection(url, name="discard") as connection:
        connection.call(commands.Basic.Qos(prefetch_count=prefetch), commands.Basic.QosOk)
        connection.send(commands.Basic.Consume(queue=queue, consumer_tag="d"))
        seen = 0

        def take(kind: int, channel: int, payload: bytes) -> bool:
            nonlocal seen
            if kind == 1 and payload[:4] == b"\0\x3c\0\x3c":
                seen += 1
                if seen % ack_every == 0 or seen == count:
                    tag = payload[5 + payload[4] : 13 + payload[4]]
                    connection.ack(tag, channel)
            return seen == count

        connection.receive(take)
        connection.call(commands.Channel.Close(200, "", 0, 0), commands.Channel.CloseOk)
