"""A store with a million messages for the figures of the web UI: log with bodies, and index, made once and kept.

Kept in ``.run/bench-web`` of the checkout, named for the number of messages; remove it to have it made again.
"""

import asyncio
import random
import shutil
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

from bench import web_sprawl
from bench.traffic import START_NS, TYPES, order, pairs
from events.block import seal, start_of_log
from events.facts import BodyRef, Envelope, MessageDelivered, MessagePublished, Properties
from events.identity import key_id
from events.values import Text
from projector.runner import rebuild
from store.sqlite.index import SqliteMessageIndex
from store.sqlite.log import SqliteEventLog
from tests.support.cache import cache_directory

STREAM: Final = "main"
MESSAGES: Final = 1_000_000
TOGETHER: Final = 10_000
SERVICES: Final = 8
STEP_NS: Final = 20_000_000
TRACE: Final = "5eed" * 8
BLOCK_EVENTS: Final = 1_000
"""As :func:`bench.traffic.pairs` numbers the blocks that it refers to."""


def store_of(messages: int = MESSAGES) -> Path:
    """Return the directory of the store with so many messages, each published once and delivered once."""
    return _made(str(messages), pairs(2 * messages))


def conversation_store() -> Path:
    """Return the directory of the store with one conversation of :data:`TOGETHER` messages between eight services."""
    return _made(f"conversation-{TOGETHER}", talk(TOGETHER))


def sprawling_store() -> Path:
    """Return the directory of the store with a large topology; its messages have no bodies."""
    return _made("sprawl", web_sprawl.told(web_sprawl.sprawl()), has_bodies=False)


def talk(messages: int) -> Iterator[Envelope]:
    """Yield publish and delivery of each message of one trace; eight services pass it on in a circle."""
    rng = random.Random(1)
    for number in range(messages):
        sender, reader = number % SERVICES, (number + 1) % SERVICES
        properties = Properties(
            content_type="application/json",
            headers={"traceparent": f"00-{TRACE}-{rng.getrandbits(64):016x}-01"},
            message_id=f"{rng.getrandbits(128):032x}",
            type=TYPES[number // 7 % len(TYPES)],
            app_id=f"shop-{sender}",
        )
        queue: Text = f"service-{reader}.work"
        body = BodyRef(
            rng.randbytes(16), 300, number * 2 // BLOCK_EVENTS, number % (BLOCK_EVENTS // 2)
        )
        mark, at = rng.randbytes(16), START_NS + number * STEP_NS

        def seen(
            by: int, mark: bytes = mark, told: Properties = properties, body: BodyRef = body
        ) -> tuple[Any, ...]:
            return ("rabbit@node", f"10.0.0.{by}:5 -> 10.0.1.1:5672", 1, "app", told, mark, body)

        tap = ("obs.tap.firehose", rng.randbytes(16), "/")
        sent = MessagePublished(*tap, "shop", (queue,), (queue,), *seen(sender))
        yield Envelope(2 * number, at, 0, sent)
        got = MessageDelivered(*tap, queue, "shop", (queue,), False, *seen(reader))
        yield Envelope(2 * number + 1, at + STEP_NS // 2, 0, got)


def _made(name: str, told: Iterator[Envelope], *, has_bodies: bool = True) -> Path:
    made = cache_directory() / "bench-web" / name
    if not made.exists():
        aside = made.with_name(f"{name}.making")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        asyncio.run(_fill(aside, told, has_bodies))
        aside.rename(made)
    return made


async def _fill(directory: Path, told: Iterator[Envelope], has_bodies: bool) -> None:
    async with SqliteEventLog(directory) as log:
        head = start_of_log(STREAM, key_id(await log.fingerprint_key()))
        numbers = count()
        while envelopes := list(islice(told, BLOCK_EVENTS)):
            filled = islice(numbers, len(envelopes) // 2 if has_bodies else 0)
            bodies = [order(number) for number in filled]
            await log.append(seal(envelopes, bodies, head, epoch=1, segment=0))
            head = await log.head() or head
    async with (
        SqliteEventLog(directory, read_only=True) as log,
        SqliteMessageIndex(directory) as index,
    ):
        await rebuild(log, index, None, STREAM, monotonic=time.monotonic)
