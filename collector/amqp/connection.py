"""A connection to a broker, and its channels: just what a tap needs.

Deliveries go into a :class:`DeliveryBuffer`; everything else is request and answer. When a connection dies, whoever
waits on it gets one typed error and the buffers it fed fail with the same, so that nothing can go on unnoticed. Nothing
reconnects by itself: what was unacknowledged is the supervise loop's to align.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Self

from collector.amqp import methods
from collector.amqp.buffer import DeliveryBuffer
from collector.amqp.errors import (
    AmqpClosed,
    AmqpError,
    AmqpProtocolError,
    AmqpRefused,
    AmqpUnavailable,
    ChannelClosed,
    ConsumerCancelled,
)
from collector.amqp.frames import Delivery, Method
from collector.amqp.transport import AmqpTransport
from collector.amqp.url import AmqpAddress
from events.values import Text, shown

ANSWER_S_MAX = 30.0
CLOSE_S_MAX = 2.0
HEARTBEAT_S = 10
CONNECT_S_MAX = 10.0
PASSIVE, DURABLE, EXCLUSIVE, AUTO_DELETE = 1, 2, 4, 8


class Channel:
    """One AMQP channel: one request in flight, and at most one consumer."""

    def __init__(self, transport: AmqpTransport, number: int, vhost: str) -> None:
        self.number = number
        self.vhost = vhost
        self.queue = ""
        self._transport = transport
        self._buffer: DeliveryBuffer | None = None
        self._failure: AmqpError | None = None
        self._answer: asyncio.Future[Method] | None = None
        self._expected: tuple[bytes, ...] = ()
        self._one_at_a_time = asyncio.Lock()

    @property
    def newest_tag(self) -> int:
        """The tag of the newest delivery that came, 0 before the first."""
        return self._transport.newest_tag(self.number)

    async def call(self, payload: bytes, *expected: bytes) -> Method:
        """Send a method and return its answer.

        Raises:
            ChannelClosed: the broker refused it.
            AmqpClosed: the connection went away, or no answer came.
        """
        async with self._one_at_a_time:
            if self._failure is not None:
                raise self._failure
            self._answer = asyncio.get_running_loop().create_future()
            self._expected = expected
            self._transport.send(methods.frame(1, self.number, payload))
            try:
                async with asyncio.timeout(ANSWER_S_MAX):
                    return await self._answer
            except TimeoutError as error:
                failure = AmqpClosed(0, f"no answer for {ANSWER_S_MAX:g} s")
                self._transport.abort(failure)
                raise failure from error
            finally:
                self._answer = None

    async def queue_declare(
        self,
        queue: Text,
        *,
        flags: int = DURABLE,
        arguments: Mapping[str, Any] | None = None,
    ) -> tuple[int, int]:
        """Declare a queue, or with PASSIVE look at it; return its ready messages and its consumers."""
        payload = methods.queue_declare(queue, flags=flags, arguments=arguments or {})
        answer = (await self.call(payload, methods.QUEUE_DECLARE_OK)).payload
        at = 5 + answer[4]
        return int.from_bytes(answer[at : at + 4], "big"), int.from_bytes(
            answer[at + 4 : at + 8], "big"
        )

    async def queue_bind(
        self,
        queue: Text,
        exchange: Text,
        key: Text,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        """Bind *queue* to *exchange*."""
        await self.call(
            methods.queue_bind(queue, exchange, key, arguments or {}),
            methods.QUEUE_BIND_OK,
        )

    async def queue_unbind(
        self,
        queue: Text,
        exchange: Text,
        key: Text,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        """Remove a binding; one that is not there is no error."""
        await self.call(
            methods.queue_unbind(queue, exchange, key, arguments or {}),
            methods.QUEUE_UNBIND_OK,
        )

    async def queue_delete(self, queue: Text) -> None:
        """Delete a queue with all it holds; one that is not there is no error."""
        await self.call(methods.queue_delete(queue), methods.QUEUE_DELETE_OK)

    async def qos(self, prefetch: int) -> None:
        """Bound the unacknowledged deliveries of each consumer started from now on."""
        await self.call(methods.qos(prefetch), methods.QOS_OK)

    async def consume(self, queue: str, into: DeliveryBuffer, *, source: Any, tag: str) -> None:
        """Let deliveries of *queue* flow into *into*, marked with *source*."""
        self.queue = queue
        self._buffer = into
        self._transport.route(self.number, into, source)
        await self.call(methods.consume(queue, tag), methods.CONSUME_OK)

    async def get(self, queue: str, *, no_ack: bool = False) -> Delivery | None:
        """Take one message from *queue*; None when it is empty."""
        payload = methods.get(queue, no_ack=no_ack)
        return (await self.call(payload, methods.GET_OK, methods.GET_EMPTY)).content

    async def close(self) -> None:
        """Close the channel; what it had unacknowledged goes back to its queues."""
        payload = methods.close(methods.CHANNEL_CLOSE, 200, "done")
        await self.call(payload, methods.CHANNEL_CLOSE_OK)
        self._failure = ChannelClosed(200, "closed on this side")

    def ack(self, tag: int, *, multiple: bool = True) -> None:
        """Acknowledge delivery *tag* and, unless told otherwise, all before it on this channel.

        Raises:
            AmqpError: the channel is gone, and the acknowledgement with it.
        """
        if self._failure is not None:
            raise self._failure
        self._transport.send(methods.ack_frame(self.number, tag, multiple=multiple))

    def on_method(self, method: Method) -> None:
        """Take in a method the broker sent on this channel."""
        kind = method.payload[:4]
        if kind == methods.CHANNEL_CLOSE:
            self._transport.send(methods.frame(1, self.number, methods.CHANNEL_CLOSE_OK))
            self.fail(ChannelClosed(*methods.closing(method.payload)))
        elif kind == methods.CANCEL:
            if self._buffer is not None:
                self._buffer.fail(
                    ConsumerCancelled(self.queue or shown(methods.cancelled(method.payload)))
                )
        elif self._answer is not None and not self._answer.done() and kind in self._expected:
            self._answer.set_result(method)
        else:
            raise AmqpProtocolError(f"an unexpected method {kind.hex()} on channel {self.number}")

    def fail(self, error: AmqpError) -> None:
        """End the channel: whoever waits gets *error*, and so does the buffer it fed."""
        if self._failure is None:
            self._failure = error
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        if self._buffer is not None:
            self._buffer.fail(error)


class Connection:
    """An open connection; an async context manager that closes it."""

    def __init__(self, transport: AmqpTransport, address: AmqpAddress) -> None:
        self.address = address
        self.name = transport.name
        self.server = transport.server
        self._transport = transport
        self._channels: dict[int, Channel] = {}

    @property
    def failure(self) -> AmqpError | None:
        """Why the connection is gone; None while it stands."""
        return self._transport.failure

    @property
    def blocked(self) -> str | None:
        """Why the broker takes no publishes; None while it takes them."""
        return self._transport.blocked

    async def channel(self) -> Channel:
        """Open a channel."""
        number = len(self._channels) + 1
        channel = Channel(self._transport, number, self.address.vhost)
        self._channels[number] = channel
        self._transport.serve(number, channel)
        await channel.call(methods.CHANNEL_OPEN + b"\0", methods.CHANNEL_OPEN_OK)
        return channel

    async def close(self) -> None:
        """Close in good order; a connection that is gone already is no error."""
        await self._transport.close(CLOSE_S_MAX)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def connect(address: AmqpAddress, *, name: str, heartbeat: int = HEARTBEAT_S) -> Connection:
    """Open a connection that calls itself *name*.

    Raises:
        AmqpUnavailable: nobody answers there, or not in time.
        AmqpRefused: the credentials or the virtual host are not accepted.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_S_MAX):
            _, transport = await loop.create_connection(
                lambda: AmqpTransport(address, name=name, heartbeat_s=heartbeat),
                address.host,
                address.port,
            )
            try:
                await transport.ready
            except BaseException:
                transport.abort(AmqpClosed(0, "given up"))
                raise
    except TimeoutError as error:
        raise AmqpUnavailable(f"{address} does not answer within {CONNECT_S_MAX:g} s") from error
    except OSError as error:
        raise AmqpUnavailable(f"{address} cannot be reached: {error}") from error
    except AmqpClosed as error:
        if error.code in (403, 530):
            raise AmqpRefused(
                f"{address} refuses {address.user} at {address.vhost!r}: {error.text}"
            ) from error
        raise AmqpUnavailable(f"{address} closed the connection: {error}") from error
    return Connection(transport, address)
