"""Deterministic traffic for benchmarks: envelopes as a collector seals them, about 1 KB an event on the wire."""

import random
from collections.abc import Iterator

from events.facts import BodyRef, Envelope, MessageDelivered, MessagePublished, Properties
from events.values import Text

START_NS = 1_790_000_000_000_000_000
QUEUES = tuple(f"service-{number}.work" for number in range(40))
ARTICLES = (
    "garden chair",
    "desk lamp",
    "wool blanket",
    "coffee grinder",
    "bicycle bell",
    "picture frame",
)
TYPES = ("order.placed", "order.paid", "order.shipped", "mail.sent")


def properties(rng: random.Random) -> Properties:
    """Return what a service with tracing sets on a publish."""
    trace = f"{rng.getrandbits(128):032x}"
    return Properties(
        content_type="application/json",
        headers={"traceparent": f"00-{trace}-{rng.getrandbits(64):016x}-01", "tenant": "acme"},
        delivery_mode=2,
        correlation_id=trace[:20],
        message_id=f"{rng.getrandbits(128):032x}",
        timestamp=1_790_000_000,
        type=rng.choice(TYPES),
        app_id="shop",
    )


def pairs(count: int, *, seed: int = 1, body_bytes: int = 300) -> Iterator[Envelope]:
    """Yield *count* envelopes: a publish, then its delivery, over 40 queues and 100 connections."""
    rng = random.Random(seed)
    position = 0
    while position < count:
        number = rng.randrange(100)
        queue: Text = QUEUES[number % len(QUEUES)]
        told = properties(rng)
        mark, digest = rng.randbytes(16), rng.randbytes(16)
        body = BodyRef(digest, body_bytes, position // 1000, (position % 1000) // 2)
        connection = f"10.0.0.{number}:51000 -> 10.0.1.1:5672"
        common = ("rabbit@node", connection, 1, "app", told, mark, body)
        tap = ("obs.tap.firehose", rng.randbytes(16), "/")
        publish = MessagePublished(*tap, "shop", (queue,), (queue,), *common)
        yield Envelope(position, START_NS + position * 100_000, 0, publish)
        if position + 1 < count:
            tap = ("obs.tap.firehose", rng.randbytes(16), "/")
            delivery = MessageDelivered(*tap, queue, "shop", (queue,), False, *common)
            yield Envelope(position + 1, START_NS + position * 100_000 + 50_000, 0, delivery)
        position += 2


def body(number: int, size: int = 300) -> bytes:
    """Return a JSON body of *size* bytes, different for every *number*."""
    rng = random.Random(number)
    head = f'{{"order": {number}, "customer": "{rng.getrandbits(64):016x}", "note": "'.encode()
    fill = size - len(head) - 2
    return head + f"{rng.getrandbits(max(8, fill * 4)):0{fill}x}".encode()[:fill] + b'"}'


def order(number: int, size: int = 300) -> bytes:
    """Return a JSON body of about *size* bytes as a shop would send it: ids and amounts differ, words repeat."""
    rng = random.Random(number)
    lines: list[str] = []
    head = f'{{"order_id": {900_000 + number}, "customer_id": {rng.randrange(100_000)}, "currency": "EUR", "lines": ['
    while not lines or len(head) + sum(map(len, lines)) < size - 60:
        article, count = rng.choice(ARTICLES), rng.randrange(1, 5)
        price = rng.randrange(100, 9_999) / 100
        lines.append(f'{{"article": "{article}", "count": {count}, "price": {price}}}')
    return (
        head + ", ".join(lines) + f'], "placed_at": "2026-11-21T12:{number % 60:02}:00Z"}}'
    ).encode()
