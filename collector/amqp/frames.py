"""Cut a byte stream into AMQP frames and put deliveries together, at any split of the stream.

Pure: no socket, no clock. Method frames other than deliveries are handed on undecoded, for there are few of them. The
header frame of a delivery stays bytes too: what it holds is decided in ``collector/decoding/decoder.py``, once and not here.
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
BODY_BYTES_MAX = 128 * 1024 * 1024
"""The largest message of RabbitMQ 3 as it is delivered. A larger body is read and let go, so that its event survives:
such a delivery has no body, and the size in its header."""

DELIVER = b"\x00\x3c\x00\x3c"
GET_OK = b"\x00\x3c\x00\x47"
RETURN = b"\x00\x3c\x00\x32"

_frame = Struct(">BHI").unpack_from
_method_frame = Struct(">BHI4sB").unpack_from
_end_and_header_frame = Struct(">BBHI4xQ").unpack_from
_tag_and_again = Struct(">QB").unpack_from
_names_max = 4_096
_header_bytes_min = 14
_u64 = Struct(">Q").unpack_from


class Delivery(msgspec.Struct, gc=False):
    """One message the broker handed over. `source` is what was registered for its channel; the rest is undecoded.

    `header` is the payload of the content header frame, `tag` the delivery tag to acknowledge it by. `body` is empty for one
    of more than BODY_BYTES_MAX.
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

    __slots__ = ("chunks", "delivery", "is_kept", "method", "missing")

    def __init__(self, delivery: Delivery, method: Method | None) -> None:
        self.delivery = delivery
        self.method = method
        self.missing = -1
        self.is_kept = True
        self.chunks: list[bytes] = []


class FrameParser:
    """Turns received bytes into `deliveries` and `methods`, which the owner takes away after each feed.

    Deliveries are taken on the channels in `sources` only. Nothing is reserved for what a peer announces: memory holds at
    most what came.
    """

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.methods: list[Method] = []
        self.sources: dict[int, Any] = {}
        self.newest_tags: dict[int, int] = {}
        self._open: dict[int, _Content] = {}
        self._names: dict[bytes, tuple[bytes, bytes]] = {}
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
        except KeyError as unknown:
            raise AmqpProtocolError(
                f"a delivery on channel {unknown.args[0]}, where nothing is consumed"
            ) from unknown
        rest = data[at:]
        self._rest = [rest] if rest else []
        self._have = len(rest)
        self._need = 8 + _frame(rest)[2] if len(rest) >= 7 else 8

    @property
    def held_bytes(self) -> int:
        """Bytes that wait for others that belong to them."""
        return self._have + sum(
            len(content.delivery.header) + sum(map(len, content.chunks))
            for content in self._open.values()
        )

    def forget(self, channel: int) -> None:
        """Let go of *channel*, which is closed, and of a delivery on it that has not come whole."""
        self.sources.pop(channel, None)
        self.newest_tags.pop(channel, None)
        self._open.pop(channel, None)

    def _frames(self, data: bytes) -> int:
        at, size = 0, len(data)
        while size - at >= 7:
            if not self._open and size - (at := self._whole_deliveries(data, at)) < 7:
                break
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

    def _whole_deliveries(self, data: bytes, at: int) -> int:
        """Take the deliveries that stand at *at*, each whole and its frames together; return where they end.

        Whatever is different, damaged or not there yet is left for the way frame by frame.
        """
        take = self.deliveries.append
        try:
            while True:
                kind, channel, length, name, label = _method_frame(data, at)
                end = at + 7 + length
                mark, header_kind, header_channel, length, size = _end_and_header_frame(data, end)
                header = end + 8
                header_end = last = header + length
                body = b""
                if size:
                    body_kind, body_channel, body_length = _frame(data, header_end + 1)
                    last = header_end + 8 + body_length
                    if body_kind != BODY or body_channel != channel or body_length != size:
                        return at
                    body = data[header_end + 8 : last]
                if (
                    kind != METHOD
                    or name != DELIVER
                    or header_kind != HEADER
                    or header_channel != channel
                    or length < _header_bytes_min
                    or not mark == data[header_end] == data[last] == FRAME_END
                ):
                    return at
                place = at + 12 + label
                tag, again = _tag_and_again(data, place)
                names = data[place + 9 : end]
                exchange, key = self._names.get(names) or self._learn_names(names)
                source = self.sources[channel]
                self.newest_tags[channel] = tag
                payload = data[header:header_end]
                take(Delivery(source, tag, again & 1 == 1, exchange, key, payload, body))
                at = last + 1
        except (IndexError, StructError):
            return at

    def _learn_names(self, raw: bytes) -> tuple[bytes, bytes]:
        """Return the exchange and the routing key that a delivery's method ends with."""
        key = 1 + raw[0]
        end = key + 1 + raw[key]
        if end > len(raw):
            raise IndexError
        found = raw[1:key], raw[key + 1 : end]
        if end == len(raw):  # bytes behind the names, which no broker sends, could be any number
            if len(self._names) >= _names_max:
                self._names.clear()
            self._names[raw] = found
        return found

    def _deliver(self, data: bytes, begin: int, end: int, channel: int) -> _Content:
        at = begin + 5 + data[begin + 4]
        exchange = at + 10
        key = exchange + data[at + 9]
        if key + 1 + data[key] > end:
            raise AmqpProtocolError("a delivery ends outside its frame")
        self.newest_tags[channel] = tag = _u64(data, at)[0]
        delivery = Delivery(
            self.sources[channel],
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
        content.is_kept = content.missing <= BODY_BYTES_MAX
        if content.missing == 0:
            self._done(channel, content)

    def _body(self, channel: int, payload: bytes) -> None:
        content = self._open.get(channel)
        if content is None or content.missing < len(payload):
            raise AmqpProtocolError("a body frame out of place")
        content.missing -= len(payload)
        if content.missing:
            if content.is_kept:
                content.chunks.append(payload)
            return
        if content.is_kept:
            chunks = content.chunks
            content.delivery.body = b"".join((*chunks, payload)) if chunks else payload
        self._done(channel, content)

    def _done(self, channel: int, content: _Content) -> None:
        del self._open[channel]
        if content.method is None:
            self.deliveries.append(content.delivery)
        else:
            self.methods.append(content.method)
