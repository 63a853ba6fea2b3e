"""Histories: what a small made-up RabbitMQ would have let a collector record, as hypothesis strategies.

A history is drawn as a list of moves of a :class:`World`, so that it shrinks to few moves and always tells of
something a broker can do: queues in order, redeliveries, deaths with `x-death`, retry loops, late names, gaps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from events.facts import (
    BindingCreated,
    BrokerBound,
    CaptureAudited,
    CaptureStarted,
    ConnectionClosed,
    ConnectionOpened,
    ConsumerStarted,
    DeadLettersCounted,
    Envelope,
    ExchangeDeclared,
    Fact,
    GapClosed,
    GapOpened,
    MessageDeadLettered,
    MessageDelivered,
    MessagePublished,
    Properties,
    QueueDeclared,
    QueueDeleted,
    QueueSampled,
    TapsPlanned,
    VhostDeclared,
)
from events.identity import body_digest, fingerprint
from events.values import AmqpTimestamp

KEY = bytes(range(32))
START_NS = 1_800_000_000_000_000_000
STEP_NS = 10_000_000
VHOSTS = ("/", "shop")
WORK, AUDIT, DEAD, RETRY = "work", "audit", "dead", "retry"
QUEUES = (WORK, AUDIT, DEAD, RETRY)
DEAD_LETTER_EXCHANGE = "dlx"
MOVES = 16


@dataclass(slots=True)
class Sent:
    """A message in the made-up broker."""

    exchange: str
    routing_key: str
    properties: Properties
    fingerprint: bytes
    redelivered: bool = False


@dataclass(slots=True)
class World:
    """A made-up broker and its collector; each move appends the facts that the tap would show."""

    connections: int = 4
    envelopes: list[Envelope] = field(default_factory=list[Envelope])
    waiting: dict[tuple[str, str], list[Sent]] = field(
        default_factory=dict[tuple[str, str], list[Sent]]
    )
    unacked: dict[tuple[str, str], list[Sent]] = field(
        default_factory=dict[tuple[str, str], list[Sent]]
    )
    opened: dict[int, int] = field(default_factory=dict[int, int])
    deaths: int = 0
    gap: int = 0
    at: int = START_NS

    def __post_init__(self) -> None:
        """Begin as a collector does: bound, started, the topology told."""
        self.tell(BrokerBound("made-up", "3.10.8"))
        self.tell(CaptureStarted(1, "here", "3.10.8", 500, VHOSTS, {}))
        for vhost in VHOSTS:
            self.declare(vhost)

    def declare(self, vhost: str) -> None:
        self.tell(VhostDeclared(vhost, "reconciliation"))
        self.tell(
            TapsPlanned(vhost, (DEAD_LETTER_EXCHANGE,), (("other", "direct"),), True, "quorum")
        )
        for name, kind in (("orders", "topic"), (DEAD_LETTER_EXCHANGE, "fanout")):
            self.tell(
                ExchangeDeclared(vhost, name, kind, True, False, False, {}, {}, "reconciliation")
            )
        for name in QUEUES:
            self.declare_queue(vhost, name)
        for origin, name in (("orders", WORK), ("orders", AUDIT), (DEAD_LETTER_EXCHANGE, DEAD)):
            self.tell(BindingCreated(vhost, origin, name, "queue", "#", {}, "reconciliation"))

    def declare_queue(self, vhost: str, name: str) -> None:
        arguments: dict[Any, Any] = {}
        if name == WORK:
            arguments = {"x-dead-letter-exchange": DEAD_LETTER_EXCHANGE}
        elif name == RETRY:
            arguments = {
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": WORK,
                "x-message-ttl": 1000,
            }
        self.waiting.setdefault((vhost, name), [])
        self.unacked.setdefault((vhost, name), [])
        self.tell(QueueDeclared(vhost, name, "classic", True, False, False, arguments, {}, "event"))

    def tell(self, fact: Fact, *, lag_ms: int = 0) -> None:
        self.at += STEP_NS
        self.envelopes.append(Envelope(len(self.envelopes), self.at, lag_ms, fact))

    def move(self, kind: int, choice: int) -> None:
        """Make one move of *kind* (below `MOVES`); *choice* (any whole number from 0 on) settles its details."""
        vhost = VHOSTS[choice % len(VHOSTS)]
        queue = QUEUES[choice // 2 % len(QUEUES)]
        if kind < 5:
            self.publish(vhost, choice)
        elif kind < 9:
            self.deliver(vhost, queue, choice)
        else:
            rare = (
                lambda: self.requeue(vhost, queue),
                lambda: self.settle(vhost, queue),
                lambda: self.reject(vhost, queue, choice),
                lambda: self.reject(vhost, WORK, choice),
                lambda: self.expire(vhost, choice),
                lambda: self.connection(choice),
                lambda: self.told(vhost, queue, choice),
            )
            rare[kind - 9]()

    def publish(self, vhost: str, choice: int) -> None:
        exchange = ("orders", "", "orders", "nowhere")[choice // 3 % 4]
        routing_key = {"": QUEUES[choice // 7 % 4], "orders": f"order.{choice // 5 % 3}"}.get(
            exchange, "x"
        )
        queues = {"": (routing_key,), "orders": (WORK, AUDIT)}.get(exchange, ())
        queues = tuple(name for name in queues if (vhost, name) in self.waiting)
        sent = self.made(choice, exchange, routing_key)
        for name in queues:
            self.waiting[vhost, name].append(replace(sent))
        number = choice // 11 % self.connections
        self.tell(
            MessagePublished(
                "obs.tap.firehose", b"", vhost, exchange, (routing_key,), queues, "rabbit@here",
                self.connection_name(number), 1, f"user{number % 2}", sent.properties, sent.fingerprint, None,
            ),
            lag_ms=choice // 13 % 5 // 4 * 700,
        )  # fmt: skip

    def made(self, choice: int, exchange: str, routing_key: str) -> Sent:
        told = choice // 17 % 4
        properties = Properties(
            headers={"tenant": f"t{choice % 3}"} if told == 1 else None,
            message_id=f"m{len(self.envelopes)}" if told == 2 else None,
            correlation_id=f"c{choice // 19 % 5}" if told >= 2 else None,
            type=(None, "image", "labels")[choice // 23 % 3],
            app_id=f"app{choice // 29 % 3}" if told == 3 else None,
        )
        body = f"body {choice // 31 % 4}".encode()
        return Sent(
            exchange, routing_key, properties, fingerprint(KEY, body_digest(KEY, body), properties)
        )

    def deliver(self, vhost: str, queue: str, choice: int) -> None:
        here = self.waiting.get((vhost, queue))
        if here:
            sent = here.pop(0)
            self.unacked[vhost, queue].append(sent)
        elif choice % 5 == 0:
            sent = self.made(choice, "elsewhere", "unseen")
        else:
            return
        number = choice // 11 % self.connections
        self.tell(
            MessageDelivered(
                "obs.tap.firehose", b"", vhost, queue, sent.exchange, (sent.routing_key,), sent.redelivered,
                "rabbit@here", self.connection_name(number), 1 + choice // 37 % 2, f"user{number % 2}",
                sent.properties, sent.fingerprint, None,
            )
        )  # fmt: skip

    def requeue(self, vhost: str, queue: str) -> None:
        if back := self.unacked.get((vhost, queue)):
            self.waiting[vhost, queue].insert(0, replace(back.pop(), redelivered=True))

    def settle(self, vhost: str, queue: str) -> None:
        if held := self.unacked.get((vhost, queue)):
            held.pop(0)

    def reject(self, vhost: str, queue: str, choice: int) -> None:
        if held := self.unacked.get((vhost, queue)):
            route = (DEAD_LETTER_EXCHANGE, DEAD) if choice % 3 else ("", RETRY)
            self.die(vhost, queue, held.pop(0), "rejected", *route, choice)

    def expire(self, vhost: str, choice: int) -> None:
        if here := self.waiting.get((vhost, RETRY)):
            self.die(vhost, RETRY, here.pop(0), "expired", "", WORK, choice)

    def die(
        self, vhost: str, queue: str, sent: Sent, reason: str, exchange: str, to: str, choice: int
    ) -> None:
        self.deaths += 1
        headers = dict(sent.properties.headers or {})
        rows: list[dict[Any, Any]] = [dict(row) for row in headers.get("x-death", [])]
        mine = next((row for row in rows if (row["queue"], row["reason"]) == (queue, reason)), None)
        if mine is None:
            mine = {
                "count": 0, "reason": reason, "queue": queue, "time": AmqpTimestamp(self.at // 10**9),
                "exchange": sent.exchange, "routing-keys": [sent.routing_key],
            }  # fmt: skip
        else:
            rows.remove(mine)
        mine["count"] += 1
        headers["x-death"] = [mine, *rows]
        key = to if exchange == "" else sent.routing_key
        properties = Properties(
            headers=headers, message_id=sent.properties.message_id,
            correlation_id=sent.properties.correlation_id, type=sent.properties.type,
            app_id=sent.properties.app_id,
        )  # fmt: skip
        dead = Sent(exchange, key, properties, sent.fingerprint)
        if (vhost, to) in self.waiting:
            self.waiting[vhost, to].append(dead)
        if exchange and choice // 41 % 2:
            self.tell(
                MessageDeadLettered(
                    "obs.tap.dlx", b"", vhost, exchange, (key,), properties, sent.fingerprint, None
                )
            )

    def connection_name(self, number: int) -> str:
        return f"10.0.0.{number}:{5000 + self.opened.get(number, 0)} -> 10.0.0.9:5672"

    def connection(self, choice: int) -> None:
        number = choice // 11 % self.connections
        name = self.connection_name(number)
        match choice % 4:
            case 0:
                self.tell(ConnectionClosed(name, f"<{name}>", "event"))
                self.opened[number] = self.opened.get(number, 0) + 1
            case 1:
                self.tell(
                    ConsumerStarted(
                        VHOSTS[number % 2], WORK, f"tag{number}", name, 1, True, False, 3, "event"
                    )
                )
            case _:
                client = f"service-{number % 3}" if choice // 43 % 2 else None
                self.tell(
                    ConnectionOpened(
                        "rabbit@here", name, VHOSTS[number % 2], f"user{number % 2}", client, "pika", "Python",
                        "1.0", "AMQP 0-9-1", f"10.0.0.{number}", 5000, self.at // 10**6, f"<{name}>", "event",
                    )
                )  # fmt: skip

    def told(self, vhost: str, queue: str, choice: int) -> None:
        """Tell one of the rarer facts."""
        ready, unacked = (
            len(table.get((vhost, queue), ())) for table in (self.waiting, self.unacked)
        )
        match choice // 11 % 6:
            case 0 | 1:
                self.tell(QueueSampled(vhost, queue, ready, unacked, 1))
            case 2:
                self.tell(
                    DeadLettersCounted(
                        "rabbit@here", {"classic/at_most_once/rejected": self.deaths}
                    )
                )
            case 3:
                self.gap += 1
                self.tell(GapOpened(f"g{self.gap}", vhost, "", "tracing-off", self.at))
            case 4:
                self.tell(
                    GapClosed(f"g{self.gap}", vhost, "", "tracing-off", self.at, self.at + 1, 3)
                )
                self.tell(CaptureAudited(vhost, self.at, self.at + 1, 9, 10, 5, -1))
            case _:
                if (vhost, queue) in self.waiting and choice // 67 % 4 == 0:
                    del self.waiting[vhost, queue], self.unacked[vhost, queue]
                    self.tell(QueueDeleted(vhost, queue, "event"))
                elif (vhost, queue) not in self.waiting:
                    self.declare_queue(vhost, queue)


def made_history(moves: Sequence[tuple[int, int]], *, connections: int = 4) -> list[Envelope]:
    """Return what *moves* tell, after the beginning every history shares."""
    world = World(connections=connections)
    for kind, choice in moves:
        world.move(kind, choice)
    return world.envelopes


def moves(*, moves_max: int = 120) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Return a strategy for the moves of one history."""
    move = st.tuples(st.integers(0, MOVES - 1), st.integers(0, 1 << 20))
    return st.lists(move, max_size=moves_max)


def histories(*, moves_max: int = 120) -> st.SearchStrategy[list[Envelope]]:
    """Return a strategy for histories: envelopes whose positions begin at 0."""
    return moves(moves_max=moves_max).map(made_history)


def long_history(seed: int, count: int, *, connections: int = 4) -> list[Envelope]:
    """Return a repeatable history of *count* moves, drawn from *seed* without the library's state."""
    return made_history(list(_draws(seed, count)), connections=connections)


def _draws(seed: int, count: int) -> Iterator[tuple[int, int]]:
    state = seed * 2 + 1
    for _ in range(count):
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % (1 << 64)
        yield (state >> 33) % MOVES, (state >> 40) % (1 << 20)
