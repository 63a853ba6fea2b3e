"""What the views answer: the objects that API and CLI pass on, named as there.

Pure data. Times are ns UTC; broker text keeps its bytes form (``events.values.to_json``).
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

import msgspec

from events.values import Text
from store.documents import MessageDocument


class Node(msgspec.Struct, frozen=True):
    """A service, exchange or queue. `id` is unique and stable, e.g. ``queue:/:orders``; a service's vhost is "" if many."""

    id: str
    kind: str
    vhost: Text
    name: Text
    declared: bool = False
    observed: bool = False
    first_seen: int | None = None
    last_seen: int | None = None
    attributes: dict[str, Any] = {}


class Edge(msgspec.Struct, frozen=True):
    """`kind`: publish, binding, deliver, dead-letter, exchange-binding or alternate. `reason` of dead letters only."""

    from_: str = msgspec.field(name="from")
    to: str = ""
    kind: str = ""
    declared: bool = False
    observed: bool = False
    messages: int = 0
    reason: str | None = None
    binding_keys: tuple[Text, ...] = ()
    rate_per_s: float | None = None
    last_seen: int | None = None


class Topology(msgspec.Struct, frozen=True):
    nodes: Sequence[Node]
    edges: Sequence[Edge]


class Service(msgspec.Struct, frozen=True):
    """A row of the services table. `id` is the name; types are message types (or routing keys where none is set)."""

    id: str
    name: str
    input_types: tuple[str, ...]
    output_types: tuple[str, ...]
    published: int = 0
    consumed: int = 0
    instances: int = 0
    connections: tuple[Text, ...] = ()
    first_seen: int | None = None
    last_seen: int | None = None
    evidence: str | None = None
    confidence: float = 0.0


class Relationship(msgspec.Struct, frozen=True):
    """A row of the relationships table: *subscriber* was given messages that *publisher* published."""

    publisher: str
    subscriber: str
    types: tuple[str, ...] = ()
    messages: int = 0
    last_seen: int | None = None


class QueueState(msgspec.Struct, frozen=True):
    """One queue: what hoptrail believes waits in it, beside the broker's own depth (None: not sampled yet)."""

    vhost: Text
    name: Text
    type: Text
    waiting: int
    delivered: int
    uncertain: int
    published: int
    deliveries: int
    dead_lettered: int
    broker_ready: int | None
    broker_unacked: int | None
    sampled_at: int | None
    consumers: tuple[str, ...] = ()
    oldest_at: int | None = None
    durable: bool = True
    arguments: dict[Any, Any] = {}


class QueuedCopy(msgspec.Struct, frozen=True):
    """A copy believed to be in a queue, in queue order."""

    uid: str
    position: int
    enqueued_at: int
    state: str
    confidence: float
    exchange: Text
    routing_key: Text
    type: Text | None


class DeadLetterGroup(msgspec.Struct, frozen=True):
    """Dead letters that died alike. `queue` is where they died, `service` that queue's consumer, `error` from headers."""

    id: str
    vhost: Text
    queue: Text
    reason: str
    exchange: Text
    routing_key: Text
    to_queues: tuple[Text, ...]
    type: Text | None
    service: str | None
    error: str | None
    messages: int
    deaths: int
    timer: bool
    first_seen: int
    last_seen: int


class Gap(msgspec.Struct, frozen=True):
    gap: str
    vhost: Text
    node: Text
    why: str
    since: int
    until: int | None
    estimated: int


class Capture(msgspec.Struct, frozen=True):
    """The ledger, answered: is capture running, how far, what was missed, what cannot be seen.

    `broker_dead_letters` maps "<queue type>/<strategy>/<reason>" to what the broker counted since it was first asked;
    `unseen_dead_letters` is how many of these nothing showed, None where the broker does not tell its counters.
    `dead_letter_taps` and `left_alone` come from the plan per vhost. `blind_spots` are sentences.
    """

    running: bool
    epoch: int
    collector: str | None
    broker: Text
    broker_version: Text
    events: int
    published: int
    delivered: int
    dead_lettered: int
    undecodable: int
    first_observed_at: int | None
    last_observed_at: int | None
    gaps: tuple[Gap, ...]
    ambiguous_overlaps: int
    clock_steps: int
    vhosts: tuple[dict[str, Any], ...]
    dead_letter_taps: tuple[dict[str, Any], ...]
    left_alone: tuple[dict[str, Any], ...]
    broker_dead_letters: dict[str, int]
    unseen_dead_letters: int | None
    event_exchange: bool
    audits: tuple[dict[str, Any], ...]
    blind_spots: tuple[str, ...]


class ConversationState(msgspec.Struct, frozen=True):
    """A recent trace: its root, size, span in time, and the worst state in it."""

    trace_id: str
    root: str
    messages: int
    services: tuple[str, ...]
    started_at: int
    last_at: int
    state: str
    correlation_id: Text | None = None


class ProjectionState(msgspec.Struct, frozen=True):
    """How far one projection has folded. `lag_s` is the head's time minus the checkpoint's."""

    name: str
    version: str
    position: int
    caught_up: bool
    lag_s: float
    digest: str | None = None


class LiveViews(Protocol):
    """The views in memory of the serving process, following the log. Methods are quick and never await I/O."""

    @property
    def stream(self) -> str: ...
    @property
    def position(self) -> int: ...
    def topology(self) -> Topology: ...
    def services(self) -> Sequence[Service]: ...
    def relationships(self) -> Sequence[Relationship]: ...
    def queues(self) -> Sequence[QueueState]: ...
    def queue_contents(self, vhost: Text, name: Text) -> Sequence[QueuedCopy] | None: ...
    def dead_letters(self) -> Sequence[DeadLetterGroup]: ...
    def dead_letter_messages(self, group: str) -> Sequence[str] | None:
        """Return the uids of a group's messages, newest first; None for an unknown group."""
        ...

    def conversations(self) -> Sequence[ConversationState]: ...
    def capture(self) -> Capture: ...
    def projections(self) -> Sequence[ProjectionState]: ...
    def message(self, uid: str) -> MessageDocument | None:
        """Return a message the linker still holds; None otherwise (ask the index)."""
        ...

    def changes(self, *, after: int) -> AsyncIterator[MessageDocument]:
        """Yield messages as they change, from position *after* on; a slow reader is told by ``StreamBehind``."""
        ...


class StreamBehind(Exception):
    """A live reader fell further behind than the buffer holds; it must resume by search."""
