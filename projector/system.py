"""What the views answer about the system's single things, and how it went: the objects that the API passes on.

Pure data. Times are ns UTC; ids are those of the topology's nodes; broker text keeps its bytes form.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from events.values import Text
from projector.answers import (
    Capture,
    DeadLetterGroup,
    Edge,
    LiveViews,
    Node,
    QueueState,
    Relationship,
    Service,
    Topology,
)


class TypeSeen(msgspec.Struct, frozen=True):
    """Messages of one type (or routing key, where none is set). `place` is the id of the node they came from or went to."""

    type: str
    place: str | None
    messages: int
    rate_per_s: float
    first_seen: int
    last_seen: int


class Instance(msgspec.Struct, frozen=True):
    """A connection of a service.

    `open` and `consumes_now` are None where nothing tells; `open_why` and `consumes_why` say what they rest on.
    `first_seen` and `last_seen` are of its opening, its traffic, its name and its end.
    """

    connection: Text
    client_name: Text | None
    user: Text
    vhost: Text
    node: Text
    service: str
    evidence: str | None
    confidence: float
    first_seen: int
    last_seen: int
    published: int | None
    consumed: int | None
    open: bool | None
    open_why: str
    consumes_now: bool | None
    consumes_why: str
    consumes_from: tuple[str, ...] = ()


class ServiceDetail(msgspec.Struct, frozen=True):
    """A service with its edges; `instances_total` counts its connections, of which the newest are told."""

    row: Service
    node: Node
    edges: tuple[Edge, ...]
    inputs: tuple[TypeSeen, ...]
    outputs: tuple[TypeSeen, ...]
    instances: tuple[Instance, ...]
    instances_total: int
    given_by: tuple[Relationship, ...]
    gives_to: tuple[Relationship, ...]


class Exchange(msgspec.Struct, frozen=True):
    """An exchange; what it is declared to be is None where the broker did not tell. The default exchange has the name ""."""

    id: str
    vhost: Text
    name: Text
    declared: bool
    observed: bool
    type: Text | None = None
    durable: bool | None = None
    auto_delete: bool | None = None
    internal: bool | None = None
    alternate: Text | None = None
    messages: int = 0
    rate_per_s: float = 0.0
    failures: int = 0
    failures_per_s: float = 0.0
    first_seen: int | None = None
    last_seen: int | None = None


class ExchangeDetail(msgspec.Struct, frozen=True):
    """An exchange with its edges; the `place` of a type is the service that published it (None: not seen)."""

    row: Exchange
    arguments: dict[Any, Any]
    policy: dict[Any, Any]
    edges: tuple[Edge, ...]
    types: tuple[TypeSeen, ...]


class Publisher(msgspec.Struct, frozen=True):
    """Who publishes what comes to a queue, through which exchange; `service` is a node's id, None where not seen."""

    service: str | None
    exchange: str
    types: tuple[str, ...]
    messages: int
    rate_per_s: float
    first_seen: int
    last_seen: int


class Consumer(msgspec.Struct, frozen=True):
    """A consumer as the broker told of it; `service` is a node's id, None where its connection is not known."""

    service: str | None
    connection: Text
    channel: int
    consumer_tag: Text


class QueueDetail(msgspec.Struct, frozen=True):
    """A queue with its edges; the `place` of an input is the service that published it, of an output that was given it."""

    state: QueueState
    node: Node
    policy: dict[Any, Any]
    edges: tuple[Edge, ...]
    inputs: tuple[TypeSeen, ...]
    outputs: tuple[TypeSeen, ...]
    publishers: tuple[Publisher, ...]
    consumers: tuple[Consumer, ...]
    consumers_total: int


class ChangeSeen(msgspec.Struct, frozen=True):
    """Something changed at `at` (ns): `about` which ids, `told` in words.

    `seen_as`: event (the broker told as it happened), reconciliation (a snapshot found it, so it happened before), traffic
    (first seen then; `position` is None), or ledger (capture's own).
    """

    position: int | None
    at: int
    kind: str
    about: tuple[str, ...]
    told: str
    seen_as: str


class RateBucket(msgspec.Struct, frozen=True):
    """Counts from `since` to before `until` (ns); `delivered` holds those `redelivered`, `published` the unroutable.

    `timers` are deaths that ended a delay; `dead_lettered` all others.
    """

    since: int
    until: int
    published: int
    unroutable: int
    delivered: int
    redelivered: int
    dead_lettered: int
    timers: int


class Depth(msgspec.Struct, frozen=True):
    """A sample of a queue at `at` (ns); `believed` to wait then, None where no message was seen in it."""

    at: int
    ready: int
    unacked: int
    believed: int | None


class Rates(msgspec.Struct, frozen=True):
    """Counts over time, of all that was seen or of a node, or of the way from `about` to `to`.

    Counted in slices of `resolution_ns`; before `complete_since` (None: nowhere) some were dropped.
    """

    about: str | None
    to: str | None
    since: int
    until: int
    width_ns: int
    resolution_ns: int
    complete_since: int | None
    buckets: tuple[RateBucket, ...]
    depths: tuple[Depth, ...]


class Past(msgspec.Struct, frozen=True):
    """What was answered at a time, `at` (ns): all before `position` is in it, of which the last was at `last_event_at`.

    The retained log begins at `known_from`; without its beginning (`is_beginning_kept`) what was before that is known only
    as far as a segment states it again, or a snapshot kept it.
    """

    at: int
    stream: str
    position: int
    last_event_at: int | None
    known_from: int | None
    is_beginning_kept: bool
    topology: Topology
    services: Sequence[Service]
    queues: Sequence[QueueState]
    dead_letters: Sequence[DeadLetterGroup]
    capture: Capture

    def for_time(self, at: int, *, known_from: int | None, is_beginning_kept: bool) -> "Past":
        """Return the same answers for another time without an event in between, and what is retained now."""
        return msgspec.structs.replace(
            self, at=at, known_from=known_from, is_beginning_kept=is_beginning_kept
        )


class NotYet(msgspec.Struct, frozen=True):
    """The past is being worked out: `folded` of `to_fold` events; `is_other`: of another time, which goes first.

    At the pace so far it takes `left_s` seconds more; None before there is one.
    """

    folded: int
    to_fold: int
    is_other: bool = False
    left_s: float | None = None


class SystemViews(LiveViews, Protocol):
    """The live views with what they answer about single things; None is: no such thing."""

    def service_detail(self, name: str) -> ServiceDetail | None: ...
    def exchanges(self) -> Sequence[Exchange]: ...
    def exchange_detail(self, vhost: Text, name: Text) -> ExchangeDetail | None: ...
    def queue_detail(self, vhost: Text, name: Text) -> QueueDetail | None: ...
    def rates(
        self, about: str | None, to: str | None, *, since: int, until: int, buckets: int
    ) -> Rates: ...
    def recent_changes(self, kinds: Sequence[str], about: str | None) -> Sequence[ChangeSeen]:
        """Return what changed, the newest first; of all *kinds* if none is named."""
        ...

    async def past(self, observed_at: int) -> Past | NotYet:
        """Return the answers as they were at *observed_at* (ns), or how far they are.

        Raises:
            NotRetained, TooMuchToFold: see :meth:`projector.past.PastViews.at`.
        """
        ...
