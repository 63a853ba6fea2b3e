"""One AMQP channel: requests with their answers, one consumer, and what the broker says unasked."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

from collector.amqp import methods
from collector.amqp.buffer import DeliveryBuffer
from collector.amqp.errors import (
    AmqpClosed,
    AmqpError,
    AmqpProtocolError,
    ChannelClosed,
    ConsumerCancelled,
)
from collector.amqp.frames import Delivery, Method
from collector.amqp.transport import AmqpTransport
from events.values import Text, shown

ANSWER_S_MAX = 30.0
PASSIVE, DURABLE, EXCLUSIVE, AUTO_DELETE = 1, 2, 4, 8


class Channel:
    """One request in flight, and at most one consumer. `number` is 0 until it is open, and used again when it is closed."""

    def __init__(self, transport: AmqpTransport, vhost: str) -> None:
        self.number = 0
        self.vhost = vhost
        self.queue = ""
        self._transport = transport
        self._buffer: DeliveryBuffer | None = None
        self._failure: AmqpError | None = None
        self._is_closing = False
        self._answer: asyncio.Future[Method] | None = None
        self._expected: tuple[bytes, ...] = ()
        self._unwanted: deque[tuple[bytes, ...]] = deque()
        self._one_at_a_time = asyncio.Lock()

    @property
    def newest_tag(self) -> int:
        """The tag of the newest delivery that came, 0 before the first."""
        return self._transport.newest_tag(self.number)

    @property
    def failure(self) -> AmqpError | None:
        """Why the channel is gone; None while it stands."""
        return self._failure

    async def open(self) -> None:
        """Open it; see `Connection.channel`."""
        self.number = self._transport.serve(self)
        await self.call(methods.CHANNEL_OPEN + b"\0", methods.CHANNEL_OPEN_OK)

    async def call(self, payload: bytes, *expected: bytes) -> Method:
        """Send a method and return its answer. The answer to a call that was cancelled is let go when it comes.

        Raises:
            ChannelClosed: the broker refused it.
            AmqpClosed: the connection went away, or no answer came.
        """
        async with self._one_at_a_time:
            return await self._ask(payload, expected)

    async def _ask(self, payload: bytes, expected: tuple[bytes, ...]) -> Method:
        if self._failure is not None:
            raise self._failure
        answer: asyncio.Future[Method] = asyncio.get_running_loop().create_future()
        self._send(payload)
        self._answer, self._expected = answer, expected
        try:
            with self._transport.awaiting():
                async with asyncio.timeout(ANSWER_S_MAX):
                    return await answer
        except TimeoutError as error:
            failure = AmqpClosed(0, f"no answer for {ANSWER_S_MAX:g} s")
            self._transport.abort(failure)
            raise failure from error
        finally:
            self._answer = None
            if answer.cancelled():
                self._unwanted.append(expected)

    async def queue_declare(
        self,
        queue: Text,
        *,
        flags: int = DURABLE,
        arguments: Mapping[str, Any] | None = None,
    ) -> tuple[int, int]:
        """Declare a queue, or with PASSIVE look at it; return its ready messages and its consumers."""
        payload = methods.queue_declare(queue, flags=flags, arguments=arguments or {})
        answer = await self.call(payload, methods.QUEUE_DECLARE_OK)
        return methods.queue_declared(answer.payload)

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

    async def get(self, queue: Text, *, no_ack: bool = False) -> Delivery | None:
        """Take one message from *queue*; None when it is empty."""
        payload = methods.get(queue, no_ack=no_ack)
        return (await self.call(payload, methods.GET_OK, methods.GET_EMPTY)).content

    async def exchange_look(self, exchange: Text) -> None:
        """Look whether *exchange* is there.

        Raises:
            ChannelClosed: it is not (404), or may not be looked at.
        """
        await self.call(methods.exchange_look(exchange), methods.EXCHANGE_DECLARE_OK)

    async def exchange_declare(self, exchange: Text, kind: str) -> None:
        """Declare a durable exchange that goes with the last queue bound to it.

        Raises:
            ChannelClosed: it is there with other arguments (406), or may not be declared.
        """
        await self.call(methods.exchange_declare(exchange, kind), methods.EXCHANGE_DECLARE_OK)

    def give_back(self, tag: int) -> None:
        """Give delivery *tag* back to its queue.

        Raises:
            AmqpError: the channel is gone, which gives it back as well.
        """
        if self._failure is not None:
            raise self._failure
        self._send(methods.return_to_queue(tag))

    async def close(self) -> None:
        """Close the channel; what it had unacknowledged goes back to its queues.

        What still comes on it falls. Its number is free when the broker agreed.

        Raises:
            AmqpError: it is closed already, or the connection is gone.
        """
        payload = methods.close(methods.CHANNEL_CLOSE, 200, "done")
        async with self._one_at_a_time:
            if self._failure is None:
                self._is_closing = True
                self._transport.discard(self.number)
            await self._ask(payload, (methods.CHANNEL_CLOSE_OK,))

    def ack(self, tag: int, *, multiple: bool = True) -> None:
        """Acknowledge delivery *tag* and, unless told otherwise, all before it on this channel.

        Raises:
            AmqpError: the channel is gone, and the acknowledgement with it.
        """
        if self._failure is not None:
            raise self._failure
        self._transport.send(methods.ack_frame(self.number, tag, multiple=multiple))

    def on_method(self, method: Method) -> None:
        """Take in a method the broker sent on this channel.

        Raises:
            AmqpProtocolError: nothing like it can come here now.
        """
        kind = method.payload[:4]
        if kind == methods.CHANNEL_CLOSE:
            self._send(methods.CHANNEL_CLOSE_OK)
            if not self._is_closing:  # else it crossed ours, whose answer is still to come
                self._end(ChannelClosed(*methods.closing(method.payload)))
        elif self._is_closing:
            if kind == methods.CHANNEL_CLOSE_OK:
                self._closed_as_asked(method)
        elif self._answers(kind):
            if self._unwanted:
                self._unwanted.popleft()
            elif self._answer is not None:
                self._answer.set_result(method)
        else:
            self._unasked(kind, method)

    def _answers(self, kind: bytes) -> bool:
        """Say whether *kind* answers the oldest call that has no answer."""
        if self._unwanted:
            return kind in self._unwanted[0]
        return self._answer is not None and not self._answer.done() and kind in self._expected

    def _unasked(self, kind: bytes, method: Method) -> None:
        if kind == methods.CANCEL:
            tag, wants_answer = methods.cancelled(method.payload)
            if wants_answer:
                self._send(methods.cancel_ok(tag))
            if self._buffer is not None:
                self._buffer.fail(ConsumerCancelled(self.queue or shown(tag)))
        elif kind == methods.CHANNEL_FLOW:
            self._send(methods.CHANNEL_FLOW_OK + method.payload[4:5])
        else:
            raise AmqpProtocolError(f"an unexpected method {kind.hex()} on channel {self.number}")

    def _send(self, payload: bytes) -> None:
        self._transport.send(methods.frame(1, self.number, payload))

    def _closed_as_asked(self, method: Method) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(method)
        self._buffer = None
        self._end(ChannelClosed(200, "closed on this side"))

    def _end(self, error: AmqpError) -> None:
        self.fail(error)
        self._transport.release(self.number)

    def fail(self, error: AmqpError) -> None:
        """End the channel: whoever waits gets *error*, and so does the buffer it fed."""
        if self._failure is None:
            self._failure = error
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        if self._buffer is not None:
            self._buffer.fail(error)
