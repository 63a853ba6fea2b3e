"""A firehose recorded from a real broker: the bytes a tap receives for the messages of several kinds of service.

Each kind sets other properties and headers, as frameworks do, and publishes over a connection of its own; every message is
consumed, so that the recording holds publishes and deliveries. Ids, traces and bodies differ from message to message.
"""

import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from struct import pack
from typing import Any

from pamqp import commands

from bench.raw import FRAME, RawConnection, discard, frames_of, short, table
from bench.traffic import order
from examples.local_broker import open_broker

TAP = "obs.tap.firehose"
RECORDED = 60_000
ACK_EVERY = 500
DELIVER = b"\x00\x3c\x00\x3c"
METHOD, BODY = 1, 3


def text(value: bytes) -> bytes:
    """Encode a field of type ``S``."""
    return b"S" + pack(">I", len(value)) + value


def number(value: int) -> bytes:
    """Encode a field of type ``l``."""
    return b"l" + pack(">q", value)


def uuid(seed: int) -> bytes:
    """Return what looks like a random UUID, another one for every *seed*."""
    digits = b"%032x" % (seed * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)
    return b"-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def traced(seed: int) -> dict[str, bytes]:
    """Return the properties of a service that traces its messages."""
    trace = b"00-%032x-%016x-01" % (seed, seed)
    return {
        "content_type": short(b"application/json"),
        "headers": table({b"traceparent": text(trace)}),
        "delivery_mode": b"\2",
        "message_id": short(uuid(seed)),
        "type": short(b"order.placed"),
    }


def task(seed: int) -> dict[str, bytes]:
    """Return the properties of a task queue: much in headers, among it lists, empty values and numbers."""
    told = {
        b"lang": text(b"py"),
        b"task": text(b"shop.tasks.render_invoice"),
        b"id": text(uuid(seed)),
        b"root_id": text(uuid(seed // 4)),
        b"parent_id": b"V",
        b"group": b"V",
        b"retries": number(0),
        b"timelimit": b"A" + pack(">I", 2) + b"VV",
        b"argsrepr": text(b"(%d, 'EUR')" % seed),
        b"kwargsrepr": text(b"{}"),
        b"origin": text(b"gen4711@worker-1"),
        b"ignore_result": b"t\0",
    }
    return {
        "content_type": short(b"application/json"),
        "content_encoding": short(b"utf-8"),
        "headers": table(told),
        "delivery_mode": b"\2",
        "priority": b"\0",
        "correlation_id": short(uuid(seed)),
        "reply_to": short(uuid(7)),
    }


def enterprise(seed: int) -> dict[str, bytes]:
    """Return the properties of a service bus: times, a nested table, a correlation over several messages."""
    told = {
        b"MT-Activity-Id": text(uuid(seed)),
        b"publishedAt": b"T" + pack(">Q", 1_790_000_000 + seed),
        b"attempt": b"I" + pack(">i", 1),
        b"tenant": b"F" + table({b"name": text(b"acme"), b"shard": number(seed % 8)}),
    }
    return {
        "content_type": short(b"application/vnd.masstransit+json"),
        "headers": table(told),
        "delivery_mode": b"\2",
        "correlation_id": short(uuid(seed // 3)),
        "message_id": short(uuid(seed)),
        "timestamp": pack(">Q", 1_790_000_000 + seed),
        "app_id": short(b"billing"),
    }


def request(seed: int) -> dict[str, bytes]:
    """Return the properties of a request that waits for its reply."""
    return {
        "delivery_mode": b"\1",
        "correlation_id": short(uuid(seed)),
        "reply_to": short(b"amq.gen-JzTY20BRgKO-HjmUJj0wLg"),
        "expiration": short(b"30000"),
    }


def bare(_: int) -> dict[str, bytes]:
    """Return no properties, as a device sends."""
    return {}


KINDS: Mapping[str, Callable[[int], dict[str, bytes]]] = {
    "orders": traced,
    "tasks": task,
    "billing": enterprise,
    "requests": request,
    "sensors": bare,
}
"""What is published to the queue of each name, through the topic exchange of the same name."""


def publishes(kind: str, count: int) -> list[bytes]:
    """Return the frames of *count* messages of *kind*; what devices send has a routing key of its own for each."""
    found: list[bytes] = []
    first = list(KINDS).index(kind) * RECORDED
    for seed in range(first, first + count):
        key = b"sensor.%d.read" % seed if kind == "sensors" else kind.encode() + b".new"
        found.append(frames_of(1, kind.encode(), key, KINDS[kind](seed), order(seed)))
    return found


def bind(connection: RawConnection, exchange: str, queue: str) -> None:
    """Bind *queue* to all of *exchange*."""
    told = commands.Queue.Bind(queue=queue, exchange=exchange, routing_key="#")
    connection.call(told, commands.Queue.BindOk)


def prepare(connection: RawConnection) -> None:
    """Declare the tap, and an exchange and a queue for each kind."""
    quorum: dict[str, Any] = {"x-queue-type": "quorum"}
    declare = commands.Queue.Declare(queue=TAP, durable=True, arguments=quorum)
    connection.call(declare, commands.Queue.DeclareOk)
    bind(connection, "amq.rabbitmq.trace", TAP)
    for kind in KINDS:
        exchange = commands.Exchange.Declare(exchange=kind, exchange_type="topic")
        connection.call(exchange, commands.Exchange.DeclareOk)
        connection.call(commands.Queue.Declare(queue=kind), commands.Queue.DeclareOk)
        bind(connection, kind, kind)


def run_service(url: str, kind: str, count: int) -> None:
    """Publish *count* messages of *kind* and consume them, over a connection each."""
    reader = threading.Thread(target=discard, args=(url, kind, count))
    reader.start()
    with RawConnection(url) as connection:
        connection.publish_all(publishes(kind, count))
    reader.join()


def received(url: str, count: int) -> bytes:
    """Return the frames of the next *count* deliveries of the tap, and acknowledge them."""
    frames: list[bytes] = []
    seen = 0
    with RawConnection(url) as connection:
        connection.call(commands.Basic.Qos(prefetch_count=2000), commands.Basic.QosOk)
        connection.send(commands.Basic.Consume(queue=TAP, consumer_tag="hoptrail"))

        def take(kind: int, channel: int, payload: bytes) -> bool:
            nonlocal seen
            if kind == METHOD and payload[:4] != DELIVER:
                return False
            frames.append(FRAME.pack(kind, channel, len(payload)) + payload + b"\xce")
            if kind == METHOD:
                seen += 1
                if seen % ACK_EVERY == 0 or seen == count:
                    tag = payload[5 + payload[4] : 13 + payload[4]]
                    connection.ack(tag)
            return seen == count and kind == BODY

        connection.receive(take)
    return b"".join(frames)


def record(path: Path, events: int = RECORDED, kinds: Sequence[str] = tuple(KINDS)) -> None:
    """Write the frames of *events* deliveries of a tap to *path*, from a broker of its own.

    The services run at the same time, so that their events stand mixed.
    """
    each = events // (2 * len(kinds))
    with tempfile.TemporaryDirectory() as folder, open_broker(Path(folder) / "broker") as broker:
        with RawConnection(broker.amqp_url) as connection:
            prepare(connection)
        broker.rabbitmqctl("trace_on")
        services = [
            threading.Thread(target=run_service, args=(broker.amqp_url, kind, each))
            for kind in kinds
        ]
        for service in services:
            service.start()
        for service in services:
            service.join()
        path.write_bytes(received(broker.amqp_url, 2 * each * len(kinds)))
