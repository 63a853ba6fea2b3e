"""The socket side of a connection: bytes to frames, frames to whom they concern, heartbeats, and closing."""

import asyncio
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, cast

from collector.amqp import methods
from collector.amqp.buffer import DeliveryBuffer
from collector.amqp.errors import (
    AmqpClosed,
    AmqpError,
    AmqpProtocolError,
    AmqpRefused,
    AmqpUnavailable,
    TableDamaged,
)
from collector.amqp.frames import FrameParser, Method
from collector.amqp.handshake import Handshake, require_amqp
from collector.amqp.heart import Heart
from collector.amqp.url import AmqpAddress, shown_host
from events.values import Text, shown

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
HEARTBEAT_FRAME = b"\x08\x00\x00\x00\x00\x00\x00\xce"
UNSENT_BYTES_MAX = 4 * 1024 * 1024
"""What may wait for a peer that does not read; acknowledgements are small, so no peer that works comes near."""
_DISCARDED = object()
"""The source of deliveries on a channel that we are closing."""


class ChannelSide(Protocol):
    """What the transport tells a channel."""

    def on_method(self, method: Method) -> None: ...
    def fail(self, error: AmqpError) -> None: ...


class AmqpTransport(asyncio.Protocol):
    """Speaks AMQP on one socket. `ready` resolves when the virtual host is open, or raises why it is not."""

    def __init__(self, address: AmqpAddress, *, name: str, heartbeat_s: int) -> None:
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.failure: AmqpError | None = None
        self.blocked: str | None = None
        self.name = ""
        self._loop = loop
        self._address = address
        self._handshake = Handshake(address, name=name, heartbeat_s=heartbeat_s)
        self._parser = FrameParser()
        self._channels: dict[int, ChannelSide] = {}
        self._closing: set[int] = set()
        self._buffer: DeliveryBuffer | None = None
        self._socket: asyncio.Transport | None = None
        self._gone: asyncio.Future[None] = loop.create_future()
        self._writable = asyncio.Event()
        self._writable.set()
        self._heart = Heart(loop.time())
        self._timer: asyncio.TimerHandle | None = None
        self._paused = self._held_back = False
        self._awaited = 0
        self._has_heard = False

    @property
    def server(self) -> Mapping[Text, Any]:
        """What the broker tells of itself."""
        return self._handshake.server

    @property
    def held_bytes(self) -> int:
        """Received bytes that are not handed on yet, because others that belong to them have not come."""
        return self._parser.held_bytes

    @property
    def frame_bytes_max(self) -> int:
        """The largest frame the broker takes, with its eight bytes around the payload."""
        return self._handshake.frame_bytes_max

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def drained(self) -> None:
        """Return when the peer has read most of what was sent; for who sends more than it answers.

        Raises:
            AmqpError: the connection is gone.
        """
        await self._writable.wait()
        if self.failure is not None:
            raise self.failure

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = cast("asyncio.Transport", transport)
        here, there = (
            transport.get_extra_info("sockname"),
            transport.get_extra_info("peername"),
        )
        self.name = f"{_host(here)} -> {_host(there)}"
        self._socket.write(PROTOCOL_HEADER)

    def data_received(self, data: bytes) -> None:
        self._heart.heard(self._loop.time())
        if self.failure is not None:
            return
        parser = self._parser
        try:
            if not self._has_heard:
                self._has_heard = True
                require_amqp(data, self._address)
            parser.feed(data)
            if parser.methods:
                found, parser.methods = parser.methods, []
                for method in found:
                    self._on_method(method)
        except (AmqpProtocolError, TableDamaged, IndexError) as error:
            self.abort(
                AmqpProtocolError(f"{self._address} does not speak AMQP 0-9-1 here: {error}")
            )
            return
        except AmqpRefused as error:
            self.abort(error)
            return
        if parser.deliveries:
            taken, parser.deliveries = parser.deliveries, []
            if self._closing:
                taken = [each for each in taken if each.source is not _DISCARDED]
            if self._buffer is not None and taken:
                self._buffer.put(taken, self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(self._cut(exc))
        if self._timer is not None:
            self._timer.cancel()
        if not self._gone.done():
            self._gone.set_result(None)

    def _cut(self, exc: Exception | None) -> AmqpError:
        if not self._has_heard and self._address.tls is None:
            why = f"{exc or 'end of stream'}; if it speaks TLS on this port, write amqps:// in HOPTRAIL_AMQP_URL"
            cut = AmqpClosed(0, f"{self._address} ended the connection without a word: {why}")
        else:
            why = exc or "end of stream"
            cut = AmqpClosed(0, f"the connection to {self._address} was cut: {why}")
        cut.__cause__ = exc
        return cut

    def serve(self, channel: ChannelSide) -> int:
        """Hand methods of a channel to *channel* from now on; return its number, the smallest that is free.

        Raises:
            AmqpUnavailable: as many are open as the broker allows.
        """
        most = self._handshake.channel_max
        number = next((n for n in range(1, most + 1) if n not in self._channels), None)
        if number is None:
            raise AmqpUnavailable(f"{self._address} allows {most} channels, and all are open")
        self._channels[number] = channel
        return number

    def route(self, number: int, buffer: DeliveryBuffer, source: Any) -> None:
        """Put deliveries of channel *number* into *buffer*, marked with *source*; a connection feeds one buffer."""
        if self._buffer not in (None, buffer):
            raise ValueError("a connection feeds one buffer")
        self._parser.sources[number] = source
        self._buffer = buffer

    def discard(self, number: int) -> None:
        """Let deliveries of channel *number* fall: we asked to close it, and they come until the broker agrees."""
        self._parser.sources[number] = _DISCARDED
        self._closing.add(number)

    def release(self, number: int) -> None:
        """Forget channel *number*, which both sides know to be closed."""
        self._channels.pop(number, None)
        self._parser.forget(number)
        self._closing.discard(number)

    def newest_tag(self, number: int) -> int:
        """Return the tag of the newest delivery that came on channel *number*, 0 before the first."""
        return self._parser.newest_tags.get(number, 0)

    def send(self, raw: bytes) -> None:
        """Write whole frames.

        Raises:
            AmqpError: the connection is gone, or the peer does not read.
        """
        if self.failure is not None:
            raise self.failure
        if self._socket is not None:
            self._heart.sent(self._loop.time())
            self._socket.write(raw)
            if self._socket.get_write_buffer_size() > UNSENT_BYTES_MAX:
                failure = AmqpClosed(0, f"{self._address} does not read what we send")
                self.abort(failure)
                raise failure

    def pause(self) -> None:
        """Stop reading, but while an answer is awaited; the broker keeps its side within the prefetch."""
        self._held_back = True
        self._read_or_not()

    def resume(self) -> None:
        """Read on."""
        self._held_back = False
        self._read_or_not()

    @contextmanager
    def awaiting(self) -> Generator[None]:
        """Read on within the block, though held back: an answer stands behind the deliveries that the broker sent before."""
        self._awaited += 1
        self._read_or_not()
        try:
            yield
        finally:
            self._awaited -= 1
            self._read_or_not()

    def _read_or_not(self) -> None:
        pause = self._held_back and not self._awaited
        if self._socket is None or pause == self._paused or self.failure is not None:
            return
        self._paused = pause
        if pause:
            self._socket.pause_reading()
        else:
            self._heart.heard(self._loop.time())
            self._socket.resume_reading()

    def abort(self, error: AmqpError) -> None:
        """Cut the connection now, for *error*."""
        self._fail(error)
        if self._socket is not None:
            self._socket.abort()

    async def close(self, timeout_s: float) -> None:
        """Say goodbye, wait for the answer at most *timeout_s*, and cut."""
        if self._socket is None:
            return
        if self.failure is None:
            self.resume()
            self.send(methods.frame(1, 0, methods.close(methods.CLOSE, 200, "done")))
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.shield(self._gone)
        except TimeoutError:
            self._socket.abort()

    def _on_method(self, method: Method) -> None:
        if self.failure is not None:
            return
        if method.channel:
            channel = self._channels.get(method.channel)
            if channel is None:
                raise AmqpProtocolError(f"a method on channel {method.channel}, which is not open")
            channel.on_method(method)
            return
        kind, payload = method.payload[:4], method.payload
        if kind == methods.CLOSE:
            self._closed_by_broker(payload)
        elif kind == methods.CLOSE_OK:
            self.abort(AmqpClosed(0, "closed on this side"))
        elif kind == methods.BLOCKED:
            self.blocked = methods.blocked(payload)
        elif kind == methods.UNBLOCKED:
            self.blocked = None
        else:
            self._greet(payload)

    def _greet(self, payload: bytes) -> None:
        if answer := self._handshake.answer(payload):
            self.send(answer)
        if self._handshake.is_tuned and self._timer is None:
            self._heart.begin(self._handshake.heartbeat_s, self._loop.time())
            self._wait_to_beat()
        if self._handshake.is_done and not self.ready.done():
            self.ready.set_result(None)

    def _closed_by_broker(self, payload: bytes) -> None:
        code, text = methods.closing(payload)
        self.send(methods.frame(1, 0, methods.CLOSE_OK))
        self._fail(AmqpClosed(code, text))
        if self._socket is not None:
            self._socket.close()

    def _wait_to_beat(self) -> None:
        if self._heart.interval_s:
            self._timer = self._loop.call_later(self._heart.interval_s / 2, self._beat)

    def _beat(self) -> None:
        if self.failure is not None or self._socket is None:
            return
        now = self._loop.time()
        if silent_s := self._heart.silent_s(now, reads=not self._paused):
            self.abort(AmqpClosed(0, f"{self._address} was silent for {silent_s:.0f} s"))
            return
        # What still waits to be sent tells the peer as much as a heartbeat behind it.
        if self._heart.is_due(now) and not self._socket.get_write_buffer_size():
            self.send(HEARTBEAT_FRAME)
        self._wait_to_beat()

    def _fail(self, error: AmqpError) -> None:
        if self.failure is not None:
            return
        self.failure = error
        self._writable.set()
        if not self.ready.done():
            self.ready.set_exception(error)
        for channel in list(self._channels.values()):
            channel.fail(error)


def _host(address: tuple[Any, ...] | str | None) -> str:
    if not isinstance(address, tuple):
        return shown(address or "")
    return shown_host(address[0], address[1])
