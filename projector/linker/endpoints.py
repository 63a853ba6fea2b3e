"""The connections seen, each as one service's end, and what their consumers still hold.

Pure. A connection's name may recur; an opening with another process id, or traffic well after the close, starts a new
endpoint.
"""

from collections import deque
from typing import Any

from events.values import Text
from projector.linker.model import Endpoint, LiveAttempt, LiveCopy, LiveMessage
from store.documents import Party

REUSED_AFTER_NS = 5_000_000_000

Held = tuple[LiveMessage, LiveCopy, LiveAttempt]


class LinkedEndpoint(Endpoint, gc=False):
    """An endpoint with what the linker knows beside it.

    `rank` is the standing of the evidence for its name (0 the best), `recent` the messages to tell of again when a better
    one arrives, `told` the hints seen in its traffic (evidence to name).
    """

    pid: Text = ""
    client_name: Text | None = None
    product: Text = ""
    peer_host: Text = ""
    rank: int = 99
    recent: list[int] = []
    told: dict[str, str] = {}


class Hand:
    """What one consumer (endpoint, channel, queue) was given and is not known to have settled, oldest first.

    `prefetch` is its bound, 0 where there is none or it is not known; `acks` is False for a consumer that never
    acknowledges.
    """

    __slots__ = ("acks", "known", "prefetch", "unsettled")

    def __init__(self, *, known: bool = False, acks: bool = True, prefetch: int = 0) -> None:
        self.known = known
        self.acks = acks
        self.prefetch = prefetch
        self.unsettled: deque[Held] = deque()


Hands = dict[tuple[int, Text], Hand]


class Endpoints:
    """All endpoints, by connection name and by number."""

    def __init__(self) -> None:
        self.current: dict[Any, LinkedEndpoint] = {}
        self.hands: dict[int, Hands] = {}
        self.nodes: dict[Any, None] = {}
        self.next_number = 0

    def meet(self, node: Text, connection: Text, vhost: Text, user: Text, at: int) -> LinkedEndpoint:
        """Return a new endpoint for *connection*, which takes the place of an older one of that name."""
        endpoint = LinkedEndpoint(
            self.next_number, node, connection, vhost, user, Party(connection=connection, user=user), at
        )
        self.next_number += 1
        self.current[connection] = endpoint
        if node and node not in self.nodes:
            self.nodes[node] = None
        return endpoint

    def hand(self, number: int, channel: int, queue: Text) -> Hand:
        """Return what the consumer on *channel* of endpoint *number* holds of *queue*."""
        hands = self.hands.get(number)
        if hands is None:
            hands = self.hands[number] = {}
        key = (channel, queue)
        found = hands.get(key)
        if found is None:
            found = hands[key] = Hand()
        return found
