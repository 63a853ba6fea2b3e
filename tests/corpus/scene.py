"""What a scenario plays on: connections, services that consume, publishes whose causes are told as the truth.

Every body holds its marker, so that a publish in the log is found again. Services settle what they are given when their
handler returns.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractRobustConnection
from pamqp.commands import Basic

WAIT_S_MAX: Final = 60.0
POLL_S: Final = 0.02

Handler = Callable[[AbstractIncomingMessage], Awaitable[None]]
Play = Callable[["Scene"], Awaitable[None]]


class _BareProperties(Basic.Properties):
    """Properties without the random message id that the client library would add."""

    def marshal(self) -> bytes:
        self.message_id = None
        return super().marshal()


class BareMessage(aio_pika.Message):
    """A message whose message id is only set where the scenario sets one."""

    @property
    def properties(self) -> Basic.Properties:
        told = super().properties
        if self.message_id is not None:
            return told
        return _BareProperties(
            content_type=told.content_type,
            headers=told.headers,
            delivery_mode=told.delivery_mode,
            correlation_id=told.correlation_id,
            reply_to=told.reply_to,
            message_type=told.message_type,
            expiration=told.expiration,
        )


@dataclass
class Service:
    """One service's end: the channel it consumes on, and the one it publishes on."""

    scene: "Scene"
    name: str
    channel: AbstractChannel
    out: AbstractChannel

    async def send(
        self,
        marker: str,
        key: str,
        *,
        cause: str | None,
        exchange: str = "",
        also: Sequence[str] = (),
        body: bytes | None = None,
        **properties: Any,
    ) -> None:
        """Publish the message *marker* because of the message *cause* (None: of its own accord), and tell so.

        *also* are further messages that were needed for it. A *body* without a marker needs the message id *marker*.
        """
        self.scene.tell(marker, self.name, cause, also)
        message = BareMessage(f"~{marker}~".encode() if body is None else body, **properties)
        target = (
            await self.out.get_exchange(exchange, ensure=False)
            if exchange
            else self.out.default_exchange
        )
        await target.publish(message, routing_key=key, mandatory=False)

    async def consume(
        self, queue: str, handler: Handler, *, no_ack: bool = False, together: int = 1
    ) -> None:
        """Handle what *queue* gives, up to *together* messages at a time, each acknowledged when its handler is done."""
        slots = asyncio.Semaphore(together)

        async def handle(message: AbstractIncomingMessage) -> None:
            async with slots:
                await handler(message)
                if not no_ack:
                    await message.ack()
                self.scene.handled += 1

        found = await self.channel.get_queue(queue, ensure=False)
        await found.consume(handle, no_ack=no_ack)


@dataclass
class Scene:
    """One scenario on one vhost; a context manager that closes what was opened."""

    url: str
    truth: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    handled: int = 0
    _opened: AsyncExitStack = field(default_factory=AsyncExitStack)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._opened.aclose()

    def tell(self, marker: str, service: str, cause: str | None, also: Sequence[str] = ()) -> None:
        """Add a line to the truth."""
        line: dict[str, Any] = {"sent": marker, "service": service, "cause": cause}
        self.truth.append({**line, "also": list(also)} if also else line)

    async def connect(self, name: str | None) -> AbstractRobustConnection:
        """Open a connection called *name*; None leaves it nameless."""
        properties: Any = {"connection_name": name} if name else {"product": "scene"}
        connection = await aio_pika.connect_robust(self.url, client_properties=properties)
        self._opened.push_async_callback(connection.close)
        return connection

    async def service(
        self,
        name: str,
        *,
        prefetch: int = 1,
        client_name: str | None = "",
        apart: str = "",
        connection: AbstractRobustConnection | None = None,
    ) -> Service:
        """Return the service *name* on a connection of its own (or *connection*).

        It publishes on the channel it consumes on, or with *apart* "channel" or "connection" on another one.
        *client_name* is how its connections call themselves, its name by default, None: not at all.
        """
        called = name if client_name == "" else client_name
        inward = connection or await self.connect(called)
        channel = await inward.channel()
        if prefetch:
            await channel.set_qos(prefetch_count=prefetch)
        out = channel
        if apart:
            outward = await self.connect(called) if apart == "connection" else inward
            out = await outward.channel()
        return Service(self, name, channel, out)

    async def declare(self, *queues: str, exchange: str = "", **options: Any) -> None:
        """Declare durable *queues*, bound to the fanout *exchange* if there is one."""
        channel = await (await self.connect("setup")).channel()
        for name in queues:
            queue = await channel.declare_queue(name, durable=True, **options)
            if exchange:
                fanout = await channel.declare_exchange(
                    exchange, aio_pika.ExchangeType.FANOUT, durable=True
                )
                await queue.bind(fanout)

    async def until(self, handled: int) -> None:
        """Wait until *handled* deliveries were handled to their end."""
        async with asyncio.timeout(WAIT_S_MAX):
            while self.handled < handled:  # noqa: ASYNC110 - counted in many places, waited for in one
                await asyncio.sleep(POLL_S)

    def traceparent(self, trace: str) -> str:
        """Return a W3C trace header of *trace* (any short text) with a span of its own."""
        return f"00-{trace.encode().hex():0>32.32}-{next(self._numbers) + 1:016x}-01"


def marker_in(message: AbstractIncomingMessage) -> str:
    """Return the marker of a message."""
    return message.body.decode().split("~")[1]


def trace_in(message: AbstractIncomingMessage) -> str:
    """Return the trace id that a message's W3C header names."""
    return str(message.headers["traceparent"]).split("-")[1]


def child_of(scene: Scene, message: AbstractIncomingMessage) -> dict[str, Any]:
    """Return headers that continue the trace of *message*."""
    span = scene.traceparent("0").split("-")[2]
    return {"traceparent": f"00-{trace_in(message)}-{span}-01"}


async def work(message: AbstractIncomingMessage, *, spread_ms: int = 12) -> None:
    """Take a while, some messages longer than others, so that handlers that run together end out of order."""
    await pause((sum(message.body) * 7 % 5) * spread_ms / 4000)


async def pause(seconds: float) -> None:
    """Take that long, as a service does that is at work or waits for its clock."""
    await asyncio.sleep(seconds)
