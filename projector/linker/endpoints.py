"""The connections seen, each as one service's end, and what their consumers still hold.

Pure. A connection's name may recur; an opening with another process id, or traffic well after the close, starts a new
endpoint.
"""

from collections import deque
from typing import Any

import msgspec

from events.facts import MessageDelivered, MessagePublished
from events.values import Text
from projector.linker.match import Line
from projector.linker.model import Endpoint, LiveAttempt, LiveCopy, LiveMessage
from store.documents import Party

REUSED_AFTER_NS = 5_000_000_000
NO_ACK_KEPT = 8
KNOWN_MAX = 65_536
SHOVEL, FEDERATION = "moved by a shovel", "moved by federation"

Held = tuple[LiveMessage, LiveCopy, LiveAttempt]
Signature = tuple[Text, Text | None, Text | None]  # exchange, routing key, type


class LinkedEndpoint(Endpoint, gc=False):
    """An endpoint with what the linker knows beside it.

    `rank` is the standing of the evidence for its name (0 the best), `recent` the positions of messages to tell of again
    when a better name arrives, `told` the names its traffic hints at and why, by rank. `mover` is the evidence for what it
    passes on, None where it is no shovel nor federation link. `client` is the library it speaks with, `app_id` the last one
    that it published with, `looked_at` how many of its publishes were asked for kin.
    """

    pid: Text = ""
    client_name: Text | None = None
    product: Text = ""
    peer_host: Text = ""
    rank: int = 99
    recent: list[int] = msgspec.field(default_factory=list[int])
    told: dict[str, tuple[str, str]] = msgspec.field(default_factory=dict[str, tuple[str, str]])
    mover: str | None = None
    client: Text = ""
    app_id: Text | None = None
    looked_at: int = 0


def mover(client_name: Text | None) -> str | None:
    """Return the evidence that a connection of this client-provided name gives for what it passes on; None: not a mover."""
    if not isinstance(client_name, str):
        return None
    if client_name.startswith("Shovel "):
        return SHOVEL
    return FEDERATION if client_name.startswith("Federation link ") else None


class Hand:
    """What one consumer (endpoint, channel, queue) was given and is not known to have settled, oldest first.

    `prefetch` is its bound, 0 where there is none or it is not known; `acks` is False for a consumer that never
    acknowledges; `limit` is how many deliveries it may hold, `unknown` where nothing tells. None in
    `unsettled` keeps the place of a message that was forgotten. `caused` maps the position of a delivery in it to what was
    published on its account.
    """

    __slots__ = ("acks", "caused", "consumers", "limit", "prefetch", "unknown", "unsettled")

    def __init__(self, unknown: int) -> None:
        self.unknown = unknown
        self.limit = unknown
        self.consumers: dict[Text, tuple[bool, int]] = {}
        self.acks = True
        self.prefetch = 0
        self.unsettled: deque[Held | None] = deque()
        self.caused: dict[int, dict[Signature, None]] = {}

    def learn(self) -> None:
        """Derive how it acknowledges and what it may hold from its consumers."""
        self.acks = all(acks for acks, _ in self.consumers.values())
        unlimited = any(prefetch == 0 for _, prefetch in self.consumers.values())
        self.prefetch = 0 if unlimited else sum(prefetch for _, prefetch in self.consumers.values())
        self.limit = (self.prefetch or self.unknown) if self.acks else NO_ACK_KEPT

    def cause(self, delivery: int, signature: Signature) -> None:
        """Note that the delivery at position *delivery* led to a publish like *signature*."""
        self.caused.setdefault(delivery, {})[signature] = None
        if len(self.caused) > 4 * len(self.unsettled) + 16:
            held = {entry[2].position for entry in self.unsettled if entry is not None}
            self.caused = {
                position: told for position, told in self.caused.items() if position in held
            }

    def caused_rows(self) -> list[Any]:
        return [[position, list(told)] for position, told in self.caused.items()]

    def take_caused(self, rows: list[Any]) -> None:
        self.caused = {
            position: dict.fromkeys(tuple(signature) for signature in told)
            for position, told in rows
        }


Hands = dict[tuple[int, Text], Hand]
Consumer = tuple[LinkedEndpoint, Line, Hand]
ConsumerKey = tuple[Text, int, Text, Text]  # connection, channel, queue, vhost


class Endpoints:
    """All endpoints, by connection name and by number; the closed ones go, oldest first, beyond a limit."""

    def __init__(self, unfinished_max: int) -> None:
        self.unfinished_max = unfinished_max
        self.current: dict[Any, LinkedEndpoint] = {}
        self.hands: dict[int, Hands] = {}
        self.consumers: dict[ConsumerKey, Consumer] = {}
        self.nodes: dict[Any, None] = {}
        self.gone: deque[LinkedEndpoint] = deque()
        self.next_number = 0

    def seen(
        self, fact: MessagePublished | MessageDelivered, at: int, reused_after: int
    ) -> LinkedEndpoint:
        """Return the endpoint of *fact*'s connection, seen at *at* ns; one that closed long before is another one."""
        known = self.current.get(fact.connection)
        if known is not None and (known.closed_at is None or at - known.closed_at < reused_after):
            return known
        return self.meet(fact.node, fact.connection, fact.vhost, fact.user, at)

    def meet(
        self, node: Text, connection: Text, vhost: Text, user: Text, at: int
    ) -> LinkedEndpoint:
        """Return a new endpoint for *connection*, which takes the place of an older one of that name."""
        endpoint = LinkedEndpoint(
            self.next_number,
            node,
            connection,
            vhost,
            user,
            Party(connection=connection, user=user),
            at,
        )
        self.next_number += 1
        self.current[connection] = endpoint
        self.consumers.clear()
        if node and node not in self.nodes:
            self.nodes[node] = None
        return endpoint

    def learn(self, endpoint: LinkedEndpoint, fact: MessagePublished | MessageDelivered) -> None:
        """Take the node and the user of an endpoint first met without them from its traffic."""
        endpoint.node, endpoint.user, endpoint.vhost = fact.node, fact.user, fact.vhost
        if fact.node and fact.node not in self.nodes:
            self.nodes[fact.node] = None

    def hand(self, number: int, channel: int, queue: Text) -> Hand:
        """Return what the consumer on *channel* of endpoint *number* holds of *queue*."""
        hands = self.hands.get(number)
        if hands is None:
            hands = self.hands[number] = {}
        key = (channel, queue)
        found = hands.get(key)
        if found is None:
            found = hands[key] = Hand(self.unfinished_max)
        return found

    def know(self, key: ConsumerKey, consumer: Consumer) -> None:
        """Find *consumer* faster next time; what is known is dropped whenever any connection or channel comes or goes."""
        if len(self.consumers) >= KNOWN_MAX:
            self.consumers.clear()
        self.consumers[key] = consumer

    def closed(self, endpoint: LinkedEndpoint, closed_max: int) -> None:
        """Note that *endpoint* closed, and let go of the one that closed first beyond *closed_max*."""
        self.gone.append(endpoint)
        self.consumers.clear()
        while len(self.gone) > closed_max:
            oldest = self.gone.popleft()
            self.hands.pop(oldest.number, None)
            if self.current.get(oldest.connection) is oldest:
                del self.current[oldest.connection]
