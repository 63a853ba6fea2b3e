"""The socket side of a connection: handshake, heartbeats, closing, and frames handed to whom they concern."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol, cast

from collector.amqp import methods
from collector.amqp.buffer import DeliveryBuffer
from collector.amqp.errors import AmqpClosed, AmqpError, AmqpProtocolError, TableDamaged
from collector.amqp.frames import FrameParser, Method
from collector.amqp.table import decode_table
from collector.amqp.url import AmqpAddress
from events.values import Text, shown

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
HEARTBEAT_FRAME = b"\x08\x00\x00\x00\x00\x00\x00\xce"
SILENT_INTERVALS_MAX = 2.5
CLIENT_CAPABILITIES = {
    "basic.nack": True,
    "connection.blocked": True,
    "consumer_cancel_notify": True,
    "authentication_failure_close": True,
}


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
        self.server: Mapping[Text, Any] = {}
        self._loop = loop
        self._address = address
        self._client_name = name
        self._heartbeat_s = heartbeat_s
        self._parser = FrameParser()
        self._channels: dict[int, ChannelSide] = {}
        self._buffer: DeliveryBuffer | None = None
        self._socket: asyncio.Transport | None = None
        self._gone: asyncio.Future[None] = loop.create_future()
        self._last_in = self._last_out = loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = cast("asyncio.Transport", transport)
        here, there = (
            transport.get_extra_info("sockname"),
            transport.get_extra_info("peername"),
        )
        self.name = f"{_host(here)} -> {_host(there)}"
        self._socket.write(PROTOCOL_HEADER)

    def data_received(self, data: bytes) -> None:
        self._last_in = self._loop.time()
        if self.failure is not None:
            return
        parser = self._parser
        try:
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
        if parser.deliveries:
            taken, parser.deliveries = parser.deliveries, []
            if self._buffer is not None:
                self._buffer.put(taken, self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(
            AmqpClosed(
                0,
                f"the connection to {self._address} was cut: {exc or 'end of stream'}",
            )
        )
        if self._timer is not None:
            self._timer.cancel()
        if not self._gone.done():
            self._gone.set_result(None)

    def serve(self, number: int, channel: ChannelSide) -> None:
        """Hand methods of channel *number* to *channel*."""
        self._channels[number] = channel

    def route(self, number: int, buffer: DeliveryBuffer, source: Any) -> None:
        """Put deliveries of channel *number* into *buffer*, marked with *source*; a connection feeds one buffer."""
        if self._buffer not in (None, buffer):
            raise ValueError("a connection feeds one buffer")
        self._parser.sources[number] = source
        self._buffer = buffer

    def newest_tag(self, number: int) -> int:
        """Return the tag of the newest delivery that came on channel *number*, 0 before the first."""
        return self._parser.newest_tags.get(number, 0)

    def send(self, raw: bytes) -> None:
        """Write whole frames.

        Raises:
            AmqpError: the connection is gone.
        """
        if self.failure is not None:
            raise self.failure
        if self._socket is not None:
            self._last_out = self._loop.time()
            self._socket.write(raw)

    def pause(self) -> None:
        """Stop reading; the broker keeps its side within the prefetch."""
        if self._socket is not None and not self._paused and self.failure is None:
            self._paused = True
            self._socket.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._socket is not None and self._paused and self.failure is None:
            self._paused = False
            self._last_in = self._loop.time()
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
        if method.channel:
            channel = self._channels.get(method.channel)
            if channel is None:
                raise AmqpProtocolError(f"a method on channel {method.channel}, which is not open")
            channel.on_method(method)
            return
        kind, payload = method.payload[:4], method.payload
        if kind == methods.START:
            self.server = decode_table(payload, 6)
            self.send(methods.frame(1, 0, self._start_ok()))
        elif kind == methods.TUNE:
            self._tune(payload)
        elif kind == methods.OPEN_OK:
            if not self.ready.done():
                self.ready.set_result(None)
        elif kind == methods.CLOSE:
            self._closed_by_broker(payload)
        elif kind == methods.CLOSE_OK:
            self.abort(AmqpClosed(0, "closed on this side"))
        elif kind == methods.BLOCKED:
            self.blocked = payload[5:].decode("utf-8", "backslashreplace")
        elif kind == methods.UNBLOCKED:
            self.blocked = None
        else:
            raise AmqpProtocolError(f"an unexpected method {kind.hex()} on channel 0")

    def _closed_by_broker(self, payload: bytes) -> None:
        code, text = methods.closing(payload)
        self.send(methods.frame(1, 0, methods.CLOSE_OK))
        self._fail(AmqpClosed(code, text))
        if self._socket is not None:
            self._socket.close()

    def _start_ok(self) -> bytes:
        properties = {
            "product": "hoptrail",
            "platform": "Python",
            "connection_name": self._client_name,
            "capabilities": CLIENT_CAPABILITIES,
        }
        return methods.start_ok(properties, self._address.user, self._address.password)

    def _tune(self, payload: bytes) -> None:
        channel_max = int.from_bytes(payload[4:6], "big")
        frame_max = int.from_bytes(payload[6:10], "big")
        theirs = int.from_bytes(payload[10:12], "big")
        self._heartbeat_s = min(theirs, self._heartbeat_s) if theirs else self._heartbeat_s
        self.send(methods.frame(1, 0, methods.tune_ok(channel_max, frame_max, self._heartbeat_s)))
        self.send(methods.frame(1, 0, methods.open_vhost(self._address.vhost)))
        self._beat()

    def _beat(self) -> None:
        now = self._loop.time()
        if not self._paused and now - self._last_in > self._heartbeat_s * SILENT_INTERVALS_MAX:
            self.abort(AmqpClosed(0, f"{self._address} was silent for {now - self._last_in:.0f} s"))
            return
        if self.failure is None and now - self._last_out >= self._heartbeat_s / 2:
            self.send(HEARTBEAT_FRAME)
        if self._heartbeat_s:
            self._timer = self._loop.call_later(self._heartbeat_s / 2, self._beat)

    def _fail(self, error: AmqpError) -> None:
        if self.failure is not None:
            return
        self.failure = error
        if not self.ready.done():
            self.ready.set_exception(error)
        for channel in self._channels.values():
            channel.fail(error)


def _host(address: tuple[Any, ...] | str | None) -> str:
    if not isinstance(address, tuple):
        return shown(address or "")
    return f"{address[0]}:{address[1]}"
