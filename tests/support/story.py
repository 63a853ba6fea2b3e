"""Tell a small story of a broker in a few lines: who published what, who was given it, what died."""

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from events.facts import (
    BindingCreated,
    ConnectionClosed,
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
    Table,
)
from events.values import Text
from projector.answering import Answers
from projector.projection import Projection

START_NS = 1_800_000_000_000_000_000
SECOND_NS = 1_000_000_000
VHOST = "/"
NODE = "rabbit@here"
USER = "app"


@dataclass(frozen=True, slots=True)
class Told:
    """A message of the story, as it travels."""

    exchange: str
    routing_key: str
    properties: Properties
    fingerprint: bytes


@dataclass(slots=True)
class Story:
    """Facts, told one after another, a second apart."""

    envelopes: list[Envelope] = field(default_factory=list[Envelope])
    at: int = START_NS
    messages: int = 0

    def tell(self, fact: Fact) -> int:
        """Append *fact*; return its position."""
        self.at += SECOND_NS
        self.envelopes.append(Envelope(len(self.envelopes), self.at, 0, fact))
        return len(self.envelopes) - 1

    def wait(self, seconds: int) -> None:
        """Let observed time pass."""
        self.at += seconds * SECOND_NS

    def connect(self, connection: str, client_name: str | None = None, user: str = USER) -> None:
        self.tell(
            ConnectionOpened(
                NODE, connection, VHOST, user, client_name, "pika", "Python", "1", "AMQP 0-9-1", "h", 1, 0,
                f"<{connection}>", "event",
            )
        )  # fmt: skip

    def close(self, connection: str) -> None:
        self.tell(ConnectionClosed(connection, f"<{connection}>", "event"))

    def exchange(self, name: str, kind: str = "topic", **arguments: Any) -> None:
        told: Table = {key.replace("_", "-"): value for key, value in arguments.items()}
        self.tell(ExchangeDeclared(VHOST, name, kind, True, False, False, told, {}, "event"))

    def queue(self, name: str, **arguments: Any) -> None:
        told: Table = {"x-" + key.replace("_", "-"): value for key, value in arguments.items()}
        self.tell(QueueDeclared(VHOST, name, "classic", True, False, False, told, {}, "event"))

    def bind(self, origin: str, to: str, key: str = "#", *, kind: str = "queue") -> None:
        self.tell(BindingCreated(VHOST, origin, to, kind, key, {}, "event"))

    def consume(self, connection: str, queue: str, *, prefetch: int = 0) -> None:
        self.tell(
            ConsumerStarted(VHOST, queue, "tag", connection, 1, True, False, prefetch, "event")
        )

    def publish(
        self,
        by: str,
        exchange: str,
        routing_key: str,
        to: tuple[str, ...] = (),
        *,
        user: str = USER,
        **properties: Any,
    ) -> Told:
        """Publish from connection *by*, routed to the queues *to*; return what travels on."""
        self.messages += 1
        told = Told(
            exchange,
            routing_key,
            Properties(**properties),
            self.messages.to_bytes(16, "big"),
        )
        self.tell(
            MessagePublished(
                "obs.tap.firehose", b"", VHOST, exchange, (routing_key,), to, NODE, by, 1, user,
                told.properties, told.fingerprint, None,
            )
        )  # fmt: skip
        return told

    def deliver(
        self, told: Told, queue: str, to: str, *, redelivered: bool = False, user: str = USER
    ) -> None:
        """Deliver from *queue* to connection *to*."""
        self.tell(
            MessageDelivered(
                "obs.tap.firehose", b"", VHOST, queue, told.exchange, (told.routing_key,), redelivered, NODE,
                to, 1, user, told.properties, told.fingerprint, None,
            )
        )  # fmt: skip

    def die(
        self,
        told: Told,
        queue: str,
        reason: str,
        exchange: str,
        *,
        routing_key: str | None = None,
        seen: bool = True,
    ) -> Told:
        """Let a message die in *queue*; the tap sees it unless it is not *seen*. Return what travels on."""
        headers: dict[Text, Any] = dict(told.properties.headers or {})
        rows = [dict(row) for row in headers.get("x-death", [])]
        mine = next((r for r in rows if (r["queue"], r["reason"]) == (queue, reason)), None)
        if mine is None:
            mine = {
                "count": 0, "reason": reason, "queue": queue, "exchange": told.exchange,
                "routing-keys": [told.routing_key],
            }  # fmt: skip
        else:
            rows.remove(mine)
        mine["count"] += 1
        headers["x-death"] = [mine, *rows]
        dead = replace(
            told,
            exchange=exchange,
            routing_key=told.routing_key if routing_key is None else routing_key,
            properties=msgspec.structs.replace(told.properties, headers=headers),
        )
        if seen:
            self.tell(
                MessageDeadLettered(
                    "obs.tap.dlx", b"", VHOST, exchange, (dead.routing_key,), dead.properties,
                    dead.fingerprint, None,
                )
            )  # fmt: skip
        return dead

    def answers(self) -> Answers:
        """Return what is answered after all that was told."""
        projection = Projection("main")
        projection.fold.fold(self.envelopes)
        return Answers(projection)
