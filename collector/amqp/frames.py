"""Cut a byte stream into AMQP frames and put deliveries together, at any split of the stream.

Pure: no socket, no clock. Method frames other than deliveries are handed on undecoded, for there are few of them. The
header frame of a delivery stays bytes too: what it holds is decided in ``collector/decode.py``, once and not here.
"""

from struct import Struct
from struct import error as StructError  # noqa: N812
from typing import Any

import msgspec

from collector.amqp.errors import AmqpProtocolError

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
FRAME_END = 0xCE
FRAME_BYTES_MAX = 64 * 1024 * 1024
"""The broker sends trace headers larger than the negotiated frame size, so the limit is ours and generous."""

DELIVER = b"\x00\x3c\x00\x3c"
GET_OK = b"\x00\x3c\x00\x47"
RETURN = b"\x00\x3c\x00\x32"

_frame = Struct(">BHI").unpack_from
_u64 = Struct(">Q").unpack_from


class Delivery(msgspec.Struct, gc=False):
    """One message the broker handed over. `source` is what was registered for its channel; the rest is undecoded.

    `header` is the payload of the content header frame, `tag` the delivery tag to acknowledge it by.
    """

    source: Any
    tag: int
    redelivered: bool
    exchange: bytes
    routing_key: bytes
    header: bytes
    body: bytes


class Method(msgspec.Struct, gc=False):
    """A control frame: its `payload` begins with the four bytes of class and method; `content` follows a get or return."""

    channel: int
    payload: bytes
    content: Delivery | None = None


class _Content:
    """A delivery of which frames are still to come."""

    __slots__ = ("chunks", "delivery", "method", "missing")

    def __init__(self, delivery: Delivery, method: Method | None) -> None:
        self.delivery = delivery
        self.method = method
        self.missing = -1
        self.chunks: list[bytes] = []


class FrameParser:
    """Turns received bytes into `deliveries` and `methods`, which the owner takes away after each feed."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.methods: list[Method] = []
        self.sources: dict[int, Any] = {}
        self.newest_tags: dict[int, int] = {}
        self._open: dict[int, _Content] = {}
        self._rest: list[bytes] = []
        self._have = 0
        self._need = 0

    def feed(self, data: bytes) -> None:
        """Take in the next bytes of the stream.

        Raises:
            AmqpProtocolError: they are not AMQP frames; the stream cannot be read on.
        """
        if self._rest:
            self._rest.append(data)
            self._have += len(data)
            if self._have < self._need:
                return
            data = b"".join(self._rest)
        try:
            at = self._frames(data)
        except (IndexError, StructError) as cut:
            raise AmqpProtocolError("a method is cut short") from cut
        rest = data[at:]
        self._rest = [rest] if rest else []
        self._have = len(rest)
        self._need = 8 + _frame(rest)[2] if len(rest) >= 7 else 8

    def _frames(self, data: bytes) -> int:
        at, size = 0, len(data)
        while size - at >= 7:
            kind, channel, length = _frame(data, at)
            begin = at + 7
            end = begin + length
            if end >= size:
                if length > FRAME_BYTES_MAX:
                    raise AmqpProtocolError(f"a frame of {length} bytes")
                break
            if data[end] != FRAME_END:
                raise AmqpProtocolError(
                    f"no frame end after {length} bytes of a frame of type {kind}"
                )
            if kind == METHOD:
                if data[begin : begin + 4] == DELIVER:
                    self._open[channel] = self._deliver(data, begin, end, channel)
                else:
                    self._method(channel, data[begin:end])
            elif kind == HEADER:
                self._header(channel, data[begin:end])
            elif kind == BODY:
                self._body(channel, data[begin:end])
            elif kind != HEARTBEAT:
                raise AmqpProtocolError(f"a frame of type {kind}")
            at = end + 1
        return at

    def _deliver(self, data: bytes, begin: int, end: int, channel: int) -> _Content:
        at = begin + 5 + data[begin + 4]
        exchange = at + 10
        key = exchange + data[at + 9]
        if key + 1 + data[key] > end:
            raise AmqpProtocolError("a delivery ends outside its frame")
        self.newest_tags[channel] = tag = _u64(data, at)[0]
        delivery = Delivery(
            self.sources.get(channel),
            tag,
            data[at + 8] & 1 == 1,
            data[exchange:key],
            data[key + 1 : key + 1 + data[key]],
            b"",
            b"",
        )
        return _Content(delivery, None)

    def _method(self, channel: int, payload: bytes) -> None:
        method = Method(channel, payload)
        if payload[:4] == GET_OK:
            key = 14 + payload[13]
            routing_key = payload[key + 1 : key + 1 + payload[key]]
            tag, again = _u64(payload, 4)[0], payload[12] & 1 == 1
            content = Delivery(
                self.sources.get(channel),
                tag,
                again,
                payload[14:key],
                routing_key,
                b"",
                b"",
            )
        elif payload[:4] == RETURN:
            content = Delivery(self.sources.get(channel), 0, False, b"", b"", b"", b"")
        else:
            self.methods.append(method)
            return
        method.content = content
        self._open[channel] = _Content(content, method)

    def _header(self, channel: int, payload: bytes) -> None:
        content = self._open.get(channel)
        if content is None or content.missing >= 0 or len(payload) < 14:
            raise AmqpProtocolError("a content header out of place")
        content.delivery.header = payload
        content.missing = _u64(payload, 4)[0]
        if content.missing == 0:
            self._done(channel, content)

    def _body(self, channel: int, payload: bytes) -> None:
        content = self._open.get(channel)
        if content is None or content.missing < len(payload):
            raise AmqpProtocolError("a body frame out of place")
        content.missing -= len(payload)
        if content.missing:
            content.chunks.append(payload)
            return
        content.delivery.body = b"".join((*content.chunks, payload)) if content.chunks else payload
        self._done(channel, content)

    def _done(self, channel: int, content: _Content) -> None:
        del self._open[channel]
        if content.method is None:
            self.deliveries.append(content.delivery)
        else:
            self.methods.append(content.method)
