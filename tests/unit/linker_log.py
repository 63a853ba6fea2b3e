"""A hand-written log for tests of the linker: each method appends one event, time advances by itself."""

from typing import Any

from events import facts
from events.facts import Envelope, Fact, Properties
from events.values import AmqpTimestamp, Text
from projector.linker.limits import Limits
from projector.linker.linker import Linker
from projector.linker.model import Change, ChangeKind, LiveMessage
from store.documents import MessageDocument

START = 1_700_000_000_000_000_000
STEP = 1_000_000
VHOST = "/"


def death(queue: Text, reason: Text = "rejected", count: int = 1, **more: Any) -> dict[Any, Any]:
    """Return a row of `x-death`."""
    return {
        "queue": queue,
        "reason": reason,
        "count": count,
        "time": AmqpTimestamp(1_700_000_000),
        **more,
    }


class Log:
    """Events, and a linker that folds them as they come."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.linker = Linker("main", limits)
        self.envelopes: list[Envelope] = []
        self.changes: list[Change] = []
        self.now = START
        self.lag_ms = 0

    def add(self, fact: Fact) -> int:
        """Append and fold *fact*; return its position."""
        position = len(self.envelopes)
        self.now += STEP
        self.envelopes.append(Envelope(position, self.now, self.lag_ms, fact))
        self.changes.extend(self.linker.fold(self.envelopes[-1]))
        return position

    def wait(self, seconds: float) -> None:
        """Let time pass between events."""
        self.now += int(seconds * 1e9)

    def publish(
        self,
        *queues: Text,
        body: bytes = b"body",
        exchange: Text = "orders",
        key: Text = "new",
        by: Text = "publisher",
        node: Text = "n1",
        **properties: Any,
    ) -> int:
        """A publish of *body* routed to *queues*."""
        return self.add(
            facts.MessagePublished(
                "tap", b"d", VHOST, exchange, (key,), tuple(queues), node, by, 1, "guest",
                Properties(**properties), body, None,
            )
        )  # fmt: skip

    def deliver(
        self,
        queue: Text,
        *,
        body: bytes = b"body",
        to: Text = "consumer",
        again: bool = False,
        exchange: Text = "orders",
        key: Text = "new",
        channel: int = 1,
        node: Text = "n1",
        deaths: list[Any] | None = None,
        **properties: Any,
    ) -> int:
        """A delivery of *body* from *queue*."""
        if deaths is not None:
            properties["headers"] = {**properties.get("headers", {}), "x-death": deaths}
        return self.add(
            facts.MessageDelivered(
                "tap", b"d", VHOST, queue, exchange, (key,), again, node, to, channel, "guest",
                Properties(**properties), body, None,
            )
        )  # fmt: skip

    def dead_letter(
        self,
        deaths: Any,
        *,
        body: bytes = b"body",
        exchange: Text = "dlx",
        key: Text = "new",
        **properties: Any,
    ) -> int:
        """A dead letter of *body* on the tapped *exchange*."""
        properties["headers"] = {**properties.get("headers", {}), "x-death": deaths}
        return self.add(
            facts.MessageDeadLettered(
                "dlx", b"d", VHOST, exchange, (key,), Properties(**properties), body, None
            )
        )

    def queue(self, name: Text, **arguments: Any) -> int:
        """A queue is declared; ``x_message_ttl`` stands for ``x-message-ttl``."""
        told: facts.Table = {key.replace("_", "-"): value for key, value in arguments.items()}
        return self.add(
            facts.QueueDeclared(VHOST, name, "classic", True, False, False, told, {}, "event")
        )

    def exchange(self, name: Text, kind: Text = "fanout") -> int:
        """An exchange is declared."""
        return self.add(
            facts.ExchangeDeclared(VHOST, name, kind, True, False, False, {}, {}, "event")
        )

    def bind(self, origin: Text, queue: Text, key: Text = "", **arguments: Any) -> int:
        """A queue is bound."""
        told: facts.Table = {**arguments}
        return self.add(facts.BindingCreated(VHOST, origin, queue, "queue", key, told, "event"))

    def opened(
        self,
        name: Text,
        client_name: Text | None,
        *,
        user: Text = "guest",
        pid: Text = "p1",
        **more: Any,
    ) -> int:
        """A connection opens, or is told of later."""
        return self.add(
            facts.ConnectionOpened(
                "n1", name, VHOST, user, client_name, more.get("product", ""), "", "", "amqp",
                more.get("host", ""), 1, 0, pid, more.get("source", "event"),
            )
        )  # fmt: skip

    def closed(self, name: Text, pid: Text = "p1") -> int:
        """A connection closes."""
        return self.add(facts.ConnectionClosed(name, pid, "event"))

    def consumer(
        self,
        queue: Text,
        to: Text = "consumer",
        *,
        prefetch: int = 0,
        acks: bool = True,
        channel: int = 1,
    ) -> int:
        """A consumer starts."""
        return self.add(
            facts.ConsumerStarted(
                VHOST, queue, f"tag-{queue}", to, channel, acks, False, prefetch, "event"
            )
        )

    def sample(self, queue: Text, ready: int) -> int:
        """The management API shows a depth."""
        return self.add(facts.QueueSampled(VHOST, queue, ready, 0, 1))

    def message(self, position: int) -> LiveMessage:
        """Return the message first seen at *position*."""
        message = self.linker.get(position)
        assert message is not None
        return message

    def document(self, position: int) -> MessageDocument:
        """Return the document of the message first seen at *position*."""
        return self.linker.document(self.message(position))

    def told(self, kind: ChangeKind) -> list[Change]:
        """Return the changes of *kind* so far."""
        return [change for change in self.changes if change[0] is kind]

    def parent(self, position: int) -> tuple[int, str] | None:
        """Return the position and the evidence of a message's parent."""
        link = self.document(position).parent
        return None if link is None else (int(link.uid.rpartition("-")[2]), link.evidence)
