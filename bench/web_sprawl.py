"""A large system for the figures of the web UI: 200 services, 60 exchanges and some 300 queues, with about 1,000 edges.

As a company's broker has it: domains with exchanges of their own, queues with a retry and a parking queue beside them, a
few services that all others listen to, much that is quiet, some that fails, and some that is declared and never used.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from bench.traffic import START_NS
from events.facts import (
    BindingCreated,
    ConnectionOpened,
    ConsumerStarted,
    Envelope,
    ExchangeDeclared,
    Fact,
    MessageDeadLettered,
    MessageDelivered,
    MessagePublished,
    Properties,
    QueueDeclared,
)

SERVICES: Final = 200
DOMAINS: Final = (
    "orders", "billing", "shipping", "catalogue", "stock", "pricing", "customers", "accounts", "mail", "search",
    "fraud", "returns", "loyalty", "reports", "partners", "media", "support", "delivery", "payments", "audit",
)  # fmt: skip
WORKS: Final = (
    "api", "worker", "importer", "exporter", "notifier", "gateway", "sync", "projector", "scheduler", "archiver",
)  # fmt: skip
FACTS: Final = ("created", "changed", "cancelled", "settled", "failed")
VHOST: Final = "/"
DELIVERIES: Final = 12_000
STEP_NS: Final = 10_000_000
"""Between two messages: the whole of it lasts two minutes, since rates are of the last one."""


Client = tuple[str, str, int, str]
"""Node, connection, channel and user, as a fact has them."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue, the service that reads it, and where its messages come from: (exchange, key), some never used."""

    name: str
    reader: str
    domain: str
    bound: list[tuple[str, str]]
    retries: bool
    used: bool
    fails: float


@dataclass(frozen=True, slots=True)
class Sprawl:
    """Who publishes which key to which exchange, and who reads what."""

    gives: list[tuple[str, str, str]] = field(default_factory=list)
    queues: list[Queue] = field(default_factory=list)


def sprawl(seed: int = 1) -> Sprawl:
    """Return the system; the same for the same *seed*."""
    rng, made = random.Random(seed), Sprawl()
    services = [f"{domain}-{work}" for domain in DOMAINS for work in WORKS][:SERVICES]
    keys = [(f"{domain}.events", f"{domain}.{fact}") for domain in DOMAINS for fact in FACTS]
    for service in services:
        domain, work = service.rsplit("-", 1)
        own = [each for each in keys if each[0] == f"{domain}.events"]
        made.gives.extend((service, *told) for told in rng.sample(own, 1 + (work == "api")))
        if rng.random() < 0.5:
            asked = rng.choice(services)
            made.gives.append((service, f"{asked.rsplit('-', 1)[0]}.commands", asked))
        for number in range(1 + (rng.random() < 0.45)):
            name = f"{service}.{'inbox' if number == 0 else 'slow'}"
            bound = rng.sample(own, 1) if number else rng.sample(keys, rng.randint(1, 2))
            bound += [(f"{domain}.commands", service)] if number == 0 else []
            fails = rng.choice((0, 0, 0, 0, 0.02, 0.3))
            made.queues.append(
                Queue(name, service, domain, bound, rng.random() < 0.3, rng.random() < 0.9, fails)
            )
    return made


def told(system: Sprawl) -> Iterator[Envelope]:
    """Yield what a collector would have written of *system*: what is declared, then its traffic."""
    positions = count()
    for fact in _declared(system):
        yield Envelope(next(positions), START_NS, 0, fact)
    for number, fact in enumerate(_traffic(system, random.Random(2))):
        yield Envelope(next(positions), START_NS + number * STEP_NS // 2, 0, fact)


def _declared(system: Sprawl) -> Iterator[Fact]:
    for domain in DOMAINS:
        for kind, name in (("topic", "events"), ("direct", "commands"), ("fanout", "dead")):
            yield ExchangeDeclared(
                VHOST, f"{domain}.{name}", kind, True, False, False, {}, {}, "event"
            )
    for queue in system.queues:
        dead = {"x-dead-letter-exchange": f"{queue.domain}.dead"} if queue.retries else {}
        yield _queue(queue.name, dead)
        for exchange, key in queue.bound:
            yield BindingCreated(VHOST, exchange, queue.name, "queue", key, {}, "event")
        if queue.retries:
            back = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": queue.name}
            yield _queue(f"{queue.name}.retry", {"x-message-ttl": 30_000, **back})
            yield BindingCreated(
                VHOST,
                f"{queue.domain}.dead",
                f"{queue.name}.retry",
                "queue",
                queue.name,
                {},
                "event",
            )
    numbers = _numbers(system)
    for service, number in numbers.items():
        yield ConnectionOpened(
            "rabbit@node", _connection(number), VHOST, "app", service, "", "", "", "", "10.0.0.1", number, 0, "", "event",
        )  # fmt: skip
    for queue in system.queues:
        place = (_connection(numbers[queue.reader]), 1)
        yield ConsumerStarted(VHOST, queue.name, "c", *place, True, False, 20, "event")


def _numbers(system: Sprawl) -> dict[str, int]:
    """Return the services, each with the number of its connection."""
    return {name: at for at, name in enumerate(sorted({each.reader for each in system.queues}))}


def _queue(name: str, arguments: dict[Any, Any]) -> Fact:
    return QueueDeclared(VHOST, name, "quorum", True, False, False, arguments, {}, "event")


def _connection(number: int) -> str:
    return f"10.0.0.{number}:51000 -> 10.0.1.1:5672"


def _client(number: int) -> Client:
    return ("rabbit@node", _connection(number), 1, "app")


def _traffic(system: Sprawl, rng: random.Random) -> Iterator[Fact]:
    """Yield publishes with what follows from each; every edge that is used first of all once, then some far more often."""
    numbers = _numbers(system)
    weights = [1 / (1 + rng.randrange(len(system.gives))) for _ in system.gives]
    chosen = system.gives + rng.choices(system.gives, weights, k=DELIVERIES)
    for number, (service, exchange, key) in enumerate(chosen):
        mark = number.to_bytes(16, "big")
        got = [each for each in system.queues if each.used and (exchange, key) in each.bound]
        told = Properties(message_id=f"m-{number}", type=key, app_id=service)
        names = tuple(each.name for each in got)
        tap = ("obs.tap.firehose", mark, VHOST)
        by = _client(numbers[service])
        yield MessagePublished(*tap, exchange, (key,), names, *by, told, mark, None)
        for queue in got:
            by = _client(numbers[queue.reader])
            yield MessageDelivered(*tap, queue.name, exchange, (key,), False, *by, told, mark, None)
            if rng.random() < queue.fails:
                yield _failed(queue, exchange, key, by, told, mark)


def _failed(
    queue: Queue, exchange: str, key: str, by: Client, told: Properties, mark: bytes
) -> Fact:
    """Return that a delivery came to nothing: a dead letter where the queue has an exchange for those, else a redelivery."""
    tap = ("obs.tap.firehose", mark, VHOST)
    if not queue.retries:
        return MessageDelivered(*tap, queue.name, exchange, (key,), True, *by, told, mark, None)
    death = {
        "queue": queue.name,
        "reason": "rejected",
        "exchange": exchange,
        "routing-keys": [key],
        "count": 1,
    }
    dead = Properties(
        message_id=told.message_id, type=told.type, app_id=told.app_id, headers={"x-death": [death]}
    )
    return MessageDeadLettered(*tap, f"{queue.domain}.dead", (key,), dead, mark, None)
