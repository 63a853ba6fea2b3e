"""Deterministic traffic for the fold: a small made-up broker with everything that makes linking hard.

Of a thousand connections half publish and half consume, from 40 queues in order. Three messages in ten are identical and
without ids, one delivery in ten is a redelivery, one message in twenty is rejected into a dead-letter queue, which the tap
shows and somebody reads. Half of the messages with ids carry a trace.
"""

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from events import facts
from events.facts import (
    BodyRef,
    Envelope,
    Fact,
    MessageDeadLettered,
    MessageDelivered,
    MessagePublished,
    Properties,
    Table,
)
from events.upcast import encode
from events.values import AmqpTimestamp

START_NS = 1_790_000_000_000_000_000
STEP_NS = 100_000
CONNECTIONS = 1_000
QUEUES = tuple(f"service-{number}.work" for number in range(40))
DEAD_LETTER_EXCHANGE, DEAD_LETTER_QUEUE = "failed", "failed"
IDENTICAL = tuple(bytes([number]) * 16 for number in range(50))
PREFETCH = 20
REDELIVERED, DIED, SAME = 0.1, 0.05, 0.3
BLOCK = 1_000
DEAD_WAITING = 100


@dataclass(slots=True)
class Sent:
    """A message in the made-up broker."""

    queue: str
    fingerprint: bytes
    properties: Properties
    body: BodyRef


def connection(number: int) -> str:
    """Return the broker's name of connection *number*."""
    return f"10.0.{number // 250}.{number % 250}:51000 -> 10.1.0.1:5672"


def topology() -> Iterator[Fact]:
    """Yield what is declared before any traffic."""
    yield facts.ExchangeDeclared(
        "/", DEAD_LETTER_EXCHANGE, "fanout", True, False, False, {}, {}, "event"
    )
    for queue in (*QUEUES, DEAD_LETTER_QUEUE):
        arguments: Table = {"x-dead-letter-exchange": DEAD_LETTER_EXCHANGE}
        yield facts.QueueDeclared("/", queue, "classic", True, False, False, arguments, {}, "event")
    yield facts.BindingCreated(
        "/", DEAD_LETTER_EXCHANGE, DEAD_LETTER_QUEUE, "queue", "", {}, "event"
    )
    for number in range(CONNECTIONS):
        name, service = connection(number), f"service-{number % 40}-{number}"
        yield facts.ConnectionOpened(
            "n1",
            name,
            "/",
            "app",
            service,
            "pika",
            "",
            "",
            "AMQP 0-9-1",
            "10.0.0.1",
            51000,
            0,
            f"p{number}",
            "event",
        )
        if number >= CONNECTIONS // 2:
            for queue in (QUEUES[number % len(QUEUES)], DEAD_LETTER_QUEUE):
                yield facts.ConsumerStarted(
                    "/", queue, "ctag", name, 1, True, False, PREFETCH, "event"
                )


def traffic(seed: int) -> Iterator[Fact]:
    """Yield publishes, deliveries and dead letters without end."""
    rng = random.Random(seed)
    waiting: deque[Sent] = deque()
    dead: deque[Sent] = deque()
    while True:
        waiting.append(published := _sent(rng))
        yield _publish(rng, published)
        while len(waiting) > rng.randrange(200):
            sent = waiting.popleft()
            consumer = _consumer(rng, sent.queue)
            yield _deliver(rng, sent, sent.queue, consumer)
            if rng.random() < REDELIVERED:
                yield _deliver(rng, sent, sent.queue, consumer, again=True)
            if rng.random() < DIED:
                headers = {**(sent.properties.headers or {}), "x-death": [_death(sent.queue)]}
                told = Properties(
                    *[*_fields(sent.properties)[:2], headers, *_fields(sent.properties)[3:]]
                )
                died = Sent(sent.queue, sent.fingerprint, told, sent.body)
                yield MessageDeadLettered(
                    "obs.tap.dlx", rng.randbytes(16), "/", DEAD_LETTER_EXCHANGE, (sent.queue,), told,
                    sent.fingerprint, sent.body,
                )  # fmt: skip
                dead.append(died)
                if len(dead) > DEAD_WAITING:
                    yield _deliver(rng, dead.popleft(), DEAD_LETTER_QUEUE, _consumer(rng, None))


def _sent(rng: random.Random) -> Sent:
    queue = rng.choice(QUEUES)
    body = BodyRef(rng.randbytes(16), 300, 1, 1)
    if rng.random() < SAME:
        return Sent(
            queue,
            rng.choice(IDENTICAL),
            Properties(content_type="application/json", delivery_mode=2),
            body,
        )
    mark = rng.getrandbits(128)
    headers: Table | None = (
        {"traceparent": f"00-{mark:032x}-{mark % 2**64:016x}-01"} if mark % 2 else None
    )
    properties = Properties(
        content_type="application/json", headers=headers, delivery_mode=2, correlation_id=f"{mark % 2**80:020x}",
        message_id=f"{mark:032x}", type="order.placed",
    )  # fmt: skip
    return Sent(queue, rng.randbytes(16), properties, body)


def _fields(properties: Properties) -> list[object]:
    return [getattr(properties, name) for name in Properties.__struct_fields__]


def _death(queue: str) -> dict[str, object]:
    return {
        "count": 1, "reason": "rejected", "queue": queue, "time": AmqpTimestamp(1_790_000_000), "exchange": "shop",
        "routing-keys": [queue],
    }  # fmt: skip


def _consumer(rng: random.Random, queue: str | None) -> str:
    half = CONNECTIONS // 2
    if queue is None:
        return connection(half + rng.randrange(half))
    own = QUEUES.index(queue)
    return connection(
        half + (own - half) % len(QUEUES) + len(QUEUES) * rng.randrange(half // len(QUEUES) - 1)
    )


def _publish(rng: random.Random, sent: Sent) -> MessagePublished:
    return MessagePublished(
        "obs.tap.firehose", rng.randbytes(16), "/", "shop", (sent.queue,), (sent.queue,), "n1",
        connection(rng.randrange(CONNECTIONS // 2)), 1, "app", sent.properties, sent.fingerprint, sent.body,
    )  # fmt: skip


def _deliver(
    rng: random.Random, sent: Sent, queue: str, consumer: str, *, again: bool = False
) -> MessageDelivered:
    exchange = "shop" if queue == sent.queue else DEAD_LETTER_EXCHANGE
    return MessageDelivered(
        "obs.tap.firehose", rng.randbytes(16), "/", queue, exchange, (sent.queue,), again, "n1", consumer, 1, "app",
        sent.properties, sent.fingerprint, sent.body,
    )  # fmt: skip


def packed_blocks(events: int, *, seed: int = 1) -> list[bytes]:
    """Return *events* events as the envelopes of blocks, encoded but not compressed."""
    blocks: list[bytes] = []
    envelopes: list[Envelope] = []
    stream = _joined(topology(), traffic(seed))
    for position in range(events):
        envelopes.append(Envelope(position, START_NS + position * STEP_NS, 0, next(stream)))
        if len(envelopes) == BLOCK or position == events - 1:
            blocks.append(encode(envelopes))
            envelopes = []
    return blocks


def _joined(first: Iterator[Fact], then: Iterator[Fact]) -> Iterator[Fact]:
    yield from first
    yield from then
