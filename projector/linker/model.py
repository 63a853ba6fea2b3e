"""The linker's live objects, and the changes it tells the views of.

The objects are mutable and belong to the linker; views read them during a change and keep only positions, names and
counts, never the objects. Times are ns; positions are those of the stream.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, Protocol

import msgspec

from events.facts import BodyRef, Envelope, Fact, Properties, Texts
from events.values import Text
from projector.linker.dialects.reading import Described
from store.documents import DeadLetter, ParentChange, ParentLink, Party

WAITING = "waiting"
DELIVERED = "delivered"
REDELIVERED = "redelivered"
SETTLED = "settled"
DEAD_LETTERED = "dead-lettered"
GONE = "gone"
UNROUTABLE = "unroutable"
UNKNOWN = "unknown"

NOT_WATCHED = "deliveries are not captured in this mode"
"""Why a copy's state is unknown: the tap of its vhost sees publishes only."""

ROUTED = "routed"
BY_DEAD_LETTER = "dead-letter"
INFERRED = "inferred"

RIVALS_NAMED_MAX = 3
"""Of the messages that could as well have caused another, so many are kept by name; of the rest only the number."""

NO_ATTEMPTS: list[Any] = []
"""What all copies share that were never delivered; it is replaced, never appended to."""


class Endpoint(msgspec.Struct, gc=False):
    """One connection as a service's end, from its opening (or first sight) to its close.

    `number` is unique within a fold and grows with first sight, so a name that recurs gives a new endpoint.
    """

    number: int
    node: Text
    connection: Text
    vhost: Text
    user: Text
    party: Party
    opened_at: int
    closed_at: int | None = None
    published: int = 0
    consumed: int = 0


class LiveAttempt(msgspec.Struct, gc=False):
    """One delivery of a copy. `returned`: its channel closed before settlement was seen, so the copy went back.

    `ended_at` is when the work on it is estimated to have ended (ns; 0: nothing tells), `ended_by` the rank of the evidence
    (``processing.EVIDENCE``).
    """

    position: int
    at: int
    lag_ms: int
    redelivered: bool
    endpoint: Endpoint
    channel: int
    settled: str | None = None
    returned: bool = False
    ended_at: int = 0
    ended_by: int = 0


class LiveCopy(msgspec.Struct, gc=False):
    """A message in one queue. `dead_letter` tells how this copy died.

    For the linker's own use: `seq` is its number in the queue's order, `history` the deaths it had when it came here
    (None: none), `came_from` the index of the copy that died into it (-1: none), `arrivals` how many arrivals in this
    queue it stands for, `offset` its place in a stream, `attempts_more` deliveries beyond those kept in
    `attempts`, `told_by` whether a tap or a delivery told of its death first.
    """

    queue: Text
    origin: str
    state: str
    enqueued_at: int
    position: int
    attempts: list[LiveAttempt] = []
    dead_letter: DeadLetter | None = None
    cause: str | None = None
    confidence: float = 1.0
    seq: int = 0
    history: frozenset[tuple[Any, Any, int]] | None = None
    came_from: int = -1
    arrivals: int = 1
    offset: int | None = None
    attempts_more: int = 0
    told_by: str | None = None


class LiveMessage(msgspec.Struct, gc=False):
    """A message as known so far. `position` is that of its first fact; `version` grows with every change of it.

    For the linker's own use: `deaths` holds how many deaths it had by (queue, reason), without those it was published
    with, `threads` the traces and conversations it is part of.
    """

    position: int
    published_at: int
    lag_ms: int
    publish_observed: bool
    vhost: Text
    exchange: Text
    routing_keys: Texts
    routed_queues: Texts
    publisher: Endpoint | None
    channel: int
    properties: Properties
    fingerprint: bytes
    body: BodyRef | None
    version: int = 1
    copies: list[LiveCopy] = []
    parent: ParentLink | None = None
    other_parents: tuple[ParentLink, ...] = ()
    trace_id: str = ""
    retry_rounds: int = 0
    not_observed: str | None = None
    events: list[int] = []
    deaths: dict[tuple[Any, Any], int] | None = None
    threads: tuple[Any, ...] = ()
    parent_changes: tuple[ParentChange, ...] = ()
    began_at: int = 0
    """When its conversation began (ns): 0 with it, below 0 where that was not seen as it happened."""
    described: Described | None = None
    """What a framework says of it."""


class ChangeKind(IntEnum):
    """What happened, with the three arguments a handler gets beside the envelope.

    ======================  =================  =====================  =======================================
    kind                    first              second                 third
    ======================  =================  =====================  =======================================
    PUBLISHED               LiveMessage        None                   None (its routed copies are in place)
    UNSEEN_PUBLISH          LiveMessage        None                   None (first met at a delivery or death)
    COPY_ADDED              LiveMessage        LiveCopy               None (after the publish)
    COPY_DELIVERED          LiveMessage        LiveCopy               LiveAttempt (the last of the copy)
    COPY_DIED               LiveMessage        LiveCopy               int (deaths told by this change, >= 1)
    COPY_STATE              LiveMessage        LiveCopy               str (the state before; not for the above)
    ENDPOINT_NAMED          Endpoint           Party (before)         None
    ENDPOINT_CLOSED         Endpoint           None                   None
    MESSAGE_FORGOTTEN       LiveMessage        None                   None (evicted from the linker's memory)
    WORK_ENDED              LiveMessage        LiveCopy               (LiveAttempt, `ended_at`, `ended_by` before)
    TRACE_CHANGED           LiveMessage        str (trace before)     None
    QUEUE_COMPARED          Line               int (believed waiting) None (a sample of its queue was taken in)
    ======================  =================  =====================  =======================================
    """

    PUBLISHED = 0
    UNSEEN_PUBLISH = 1
    COPY_ADDED = 2
    COPY_DELIVERED = 3
    COPY_DIED = 4
    COPY_STATE = 5
    ENDPOINT_NAMED = 6
    ENDPOINT_CLOSED = 7
    MESSAGE_FORGOTTEN = 8
    WORK_ENDED = 9
    TRACE_CHANGED = 10
    QUEUE_COMPARED = 11


Change = tuple[ChangeKind, Any, Any, Any]
ChangeHandler = Callable[[Envelope, Any, Any, Any], None]
FactHandler = Callable[[Envelope, Any], None]


class View(Protocol):
    """A pure fold with named state. Handlers are looked up once, so a view pays only for what it asks for.

    ``save`` and ``restore`` are inverse, and ``digest`` depends on the folded events alone: not on snapshots taken,
    the process, or its hash seed.
    """

    name: str
    version: str

    def on_change(self) -> Mapping[ChangeKind, ChangeHandler]: ...
    def on_fact(self) -> Mapping[type[Fact], FactHandler]:
        """Handlers by fact type; the second argument is the fact."""
        ...

    def save(self) -> bytes: ...
    def restore(self, state: bytes) -> None: ...
    def digest(self) -> bytes: ...
