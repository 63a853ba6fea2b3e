"""Sessions with a broker, told once and played twice: with a real one to record its bytes, and with those bytes later.

Each is a coroutine function that connects, does something, and returns what came of it. What others do meanwhile (an
operator, a publisher) is asked of the stage by name: a real broker does it, a recording has it done already.
"""

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from struct import pack
from typing import Any, Protocol

from bench.raw import frames_of, short, table
from collector.amqp import (
    PASSIVE,
    AmqpError,
    ChannelClosed,
    Connection,
    Delivery,
    DeliveryBuffer,
)
from tests.support.wait import wait_until_async

CLIENT_NAME = "recorded session"
COME_S_MAX = 20.0
FRAME_MAX = 4_096
"""What the recording broker allows, so that a body of 4.3 KB takes several frames."""
PUBLISHED = 5


class Stage(Protocol):
    """Where a session plays."""

    async def connect(self, *, password: str = "guest", vhost: str = "/") -> Connection: ...
    async def act(self, what: str) -> None: ...


Outcome = list[Any]
Session = Callable[[Stage], Awaitable[Outcome]]


@dataclass
class Recording:
    """One session as it went over the wire: `steps` are (what, bytes), seen from the client.

    What is ``in``, ``out``, ``end`` (by the broker) or ``act`` (others did something, told as its bytes).
    """

    steps: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    outcome: Outcome = field(default_factory=list[Any])

    def add(self, way: str, data: bytes) -> None:
        """Add bytes that came or went."""
        if way != "act" and self.steps and self.steps[-1][0] == way:
            data = self.steps.pop()[1] + data
        self.steps.append((way, data))

    @property
    def received(self) -> bytes:
        """All that the broker sent."""
        return b"".join(data for way, data in self.steps if way == "in")

    def write(self, file: Path) -> None:
        """Write it to *file*."""
        steps = [[way, base64.b64encode(data).decode()] for way, data in self.steps]
        file.write_text(json.dumps({"outcome": self.outcome, "steps": steps}, indent=0) + "\n")

    @staticmethod
    def read(file: Path) -> "Recording":
        """Return what :meth:`write` wrote."""
        told = json.loads(file.read_text())
        steps = [(way, base64.b64decode(data)) for way, data in told["steps"]]
        return Recording(steps, told["outcome"])


def shown(delivery: Delivery) -> list[Any]:
    """Return a delivery in a form that JSON keeps."""
    return [
        delivery.source,
        delivery.tag,
        delivery.redelivered,
        delivery.exchange.decode("latin-1"),
        delivery.routing_key.decode("latin-1"),
        sha256(delivery.header).hexdigest()[:16],
        len(delivery.body),
        sha256(delivery.body).hexdigest()[:16],
    ]


async def taken(buffer: DeliveryBuffer, count: int) -> list[Delivery]:
    """Return *count* deliveries."""
    found: list[Delivery] = []
    while len(found) < count:
        await buffer.wait(COME_S_MAX)
        came = buffer.take()
        assert came, f"{len(found)} of {count} deliveries came"
        found += came
    return found


async def failed(buffer: DeliveryBuffer) -> list[str]:
    """Return how *buffer* ended."""
    while True:
        await buffer.wait(COME_S_MAX)
        try:
            buffer.take()
        except AmqpError as error:
            return [type(error).__name__, str(error)]


async def handshake(stage: Stage) -> Outcome:
    """Connect, open a channel, close both."""
    async with await stage.connect() as connection:
        channel = await connection.channel()
        await channel.close()
        return [str(connection.server["product"]), channel.number]


async def wrong_password(stage: Stage) -> Outcome:
    """Be refused for a wrong password."""
    try:
        await stage.connect(password="not-it")
    except AmqpError as error:
        return [type(error).__name__, getattr(error, "code", None)]
    return []


async def unknown_vhost(stage: Stage) -> Outcome:
    """Be refused for a virtual host that is not there."""
    try:
        await stage.connect(vhost="nowhere")
    except AmqpError as error:
        return [type(error).__name__, getattr(error, "code", None)]
    return []


async def firehose(stage: Stage) -> Outcome:
    """Declare, bind and consume a tap: small, empty and large bodies, large headers, and bytes that are no text."""
    async with await stage.connect() as connection:
        channel, buffer = await connection.channel(), DeliveryBuffer()
        told = [await channel.queue_declare("tap", arguments={"x-max-length": 100})]
        await channel.queue_bind("tap", "amq.rabbitmq.trace", "#")
        await channel.qos(50)
        await channel.consume("tap", buffer, source="tap", tag="tap")
        await stage.act("trace")
        await stage.act("publish")
        came = await taken(buffer, PUBLISHED)
        channel.ack(came[-1].tag)
        told.append(await channel.queue_declare("tap", flags=PASSIVE))
        return [[list(each) for each in told], *map(shown, came)]


async def get(stage: Stage) -> Outcome:
    """Take messages one by one until there is none; acknowledge one of them, and give the other back."""
    async with await stage.connect() as connection:
        channel = await connection.channel()
        await channel.queue_declare("got")
        await stage.act("fill")
        first, second = await channel.get("got"), await channel.get("got")
        nothing = await channel.get("got")
        assert first is not None
        assert second is not None
        channel.ack(first.tag)
        await channel.close()
        again = await (await connection.channel()).get("got", no_ack=True)
        assert again is not None
        return [shown(first), shown(second), nothing, shown(again)]


async def cancelled(stage: Stage) -> Outcome:
    """Lose a consumer because its queue is deleted."""
    async with await stage.connect() as connection:
        channel, buffer = await connection.channel(), DeliveryBuffer()
        await channel.queue_declare("cancelled")
        await channel.consume("cancelled", buffer, source="it", tag="it")
        await stage.act("delete")
        told = await failed(buffer)
        return [told, list(await channel.queue_declare("cancelled"))]


async def channel_closed(stage: Stage) -> Outcome:
    """Have channels closed by 404 and 406, and use their numbers again."""
    told: Outcome = []
    async with await stage.connect() as connection:
        other = await connection.channel()
        await other.queue_declare("kept")
        for queue, flags, arguments in (
            ("nowhere", PASSIVE, None),
            ("kept", 2, {"x-max-length": 5}),
        ):
            channel = await connection.channel()
            try:
                await channel.queue_declare(queue, flags=flags, arguments=arguments)
            except ChannelClosed as error:
                told.append([channel.number, error.code, error.text])
        last = await connection.channel()
        await last.queue_delete("kept")
        return [*told, last.number]


async def closed_by_operator(stage: Stage) -> Outcome:
    """Have the connection closed by somebody while a tap is consumed."""
    connection = await stage.connect()
    channel, buffer = await connection.channel(), DeliveryBuffer()
    await channel.queue_declare("closed", flags=4)
    await channel.consume("closed", buffer, source="it", tag="it")
    await stage.act("close")
    told = await failed(buffer)
    await connection.close()
    return told


async def blocked(stage: Stage) -> Outcome:
    """Be told that publishes are blocked by a memory alarm, and that they are no longer."""
    async with await stage.connect() as connection:
        channel, buffer = await connection.channel(), DeliveryBuffer()
        await channel.queue_declare("alarmed", flags=4)
        await stage.act("alarm")
        publish = frames_of(channel.number, b"", b"alarmed", {}, b"held back")
        connection._transport.send(publish)
        told: Outcome = [await until(lambda: connection.blocked)]
        await stage.act("relieve")
        told.append(await until(lambda: connection.blocked is None))
        await channel.consume("alarmed", buffer, source="it", tag="it")
        return [*told, *map(shown, await taken(buffer, 1))]


async def until(condition: Callable[[], Any]) -> Any:
    """Return what *condition* is once it is something."""

    async def holds() -> Any:
        return condition()

    return await wait_until_async(holds, timeout_s=COME_S_MAX)


SESSIONS: dict[str, Session] = {
    each.__name__: each
    for each in (
        handshake,
        wrong_password,
        unknown_vhost,
        firehose,
        get,
        cancelled,
        channel_closed,
        closed_by_operator,
        blocked,
    )
}


def published() -> list[bytes]:
    """Return the frames of what a service publishes while the session ``firehose`` plays."""
    large = {"headers": table({b"note": b"S" + pack(">I", 3_900) + b"n" * 3_900})}
    odd = {
        "headers": table(
            {b"\xff\xfe": b"F" + table({b"deep": b"L" + b"\xff" * 8}), b"at": b"T" + b"\xff" * 8}
        ),
        "correlation_id": short(b"\xc3\x28"),
        "timestamp": b"\xff" * 8,
    }
    plain = {"content_type": short(b"application/json"), "message_id": short(b"1")}
    return [
        frames_of(1, exchange, key, properties, body, frame_max=FRAME_MAX)
        for exchange, key, properties, body in (
            (b"amq.topic", b"order.created", plain, b'{"order": 1}'),
            (b"amq.topic", b"", {}, b""),
            (b"", b"tapped", large, b"\xce" * 300),
            (b"amq.fanout", b"\xff", odd, b"\x00\x01\xce"),
            (b"", b"tapped", plain, bytes(range(256)) * 17),
        )
    ]


def filling() -> list[bytes]:
    """Return the frames of what is published while the session ``get`` plays."""
    return [frames_of(1, b"", b"got", {}, body) for body in (b"first", b"second")]
