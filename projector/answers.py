"""What the views answer: the objects that API and CLI pass on, named as there.

Pure data. Times are ns UTC; broker text keeps its bytes form (``events.values.to_json``).
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

import msgspec

from events.operations import OperatorState
from events.values import Text
from projector.progress import ProjectionState
from projector.trouble import Problem
from store.documents import MessageDocument


class Node(msgspec.Struct, frozen=True):
    """A service, exchange or queue. `id` is unique and stable, e.g. ``queue:/:orders``; a service's vhost is "" if many.

    `role` of a queue that serves another one: see ``projector/views/roles.py``; `main` is that one's id, None for several.
    """

    id: str
    kind: str
    vhost: Text
    name: Text
    declared: bool = False
    observed: bool = False
    first_seen: int | None = None
    last_seen: int | None = None
    attributes: dict[str, Any] = {}
    role: str | None = None
    main: str | None = None
    role_evidence: tuple[str, ...] = ()


class Edge(msgspec.Struct, frozen=True):
    """`kind`: publish, binding, deliver, dead-letter, exchange-binding or alternate. `reason` of dead letters only.

    `deliveries` also counts repeats. `failures` of publishes and deliveries (None: others) are those of
    ``projector/views/failures.py``, `failures_by` what went wrong; both rates are of the same span, the last minute.
    """

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
    first_seen: int | None = None
    deliveries: int = 0
    failures: int | None = None
    failures_per_s: float | None = None
    failures_by: dict[str, int] = {}


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


class Agreement(msgspec.Struct, frozen=True):
    """How what is believed to wait in a queue agrees with the broker's own depth, and how sure it is therefore.

    `verdict` is exact, moving (the difference is less than what came and left shortly before the sample), more (than the
    broker counts), fewer, or unknown. `believed` and `broker_ready` are those of the last sample, at `sampled_at` ns.
    """

    verdict: str
    confidence: float
    why: str
    believed: int | None = None
    broker_ready: int | None = None
    sampled_at: int | None = None


NOT_COMPARED = Agreement("unknown", 0.5, "the broker's own depth was not sampled yet")


class QueueState(msgspec.Struct, frozen=True):
    """One queue: what hoptrail believes waits in it, beside the broker's own depth (None: not sampled yet).

    `uncertain` copies are only counted, since more wait in all than are kept. `returned` of the `delivered` went back when
    their channel closed. `unseen` more are there that the broker counts and capture never saw. `policy` is what holds.
    """

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
    returned: int = 0
    unseen: int = 0
    agreement: Agreement = NOT_COMPARED
    problem: Problem | None = None
    last_delivered_at: int | None = None
    role: str | None = None
    main: str | None = None
    policy: dict[Any, Any] = {}


class QueuedCopy(msgspec.Struct, frozen=True):
    """A copy believed to be in a queue, in queue order; `cause` says why. `returned`: it was delivered and went back."""

    uid: str
    position: int
    enqueued_at: int
    state: str
    confidence: float
    exchange: Text
    routing_key: Text
    type: Text | None
    cause: str | None = None
    returned: bool = False


class Percentiles(msgspec.Struct, frozen=True):
    """A distribution of `count` times; percentiles in ms, None where nothing was counted."""

    count: int
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class Latency(msgspec.Struct, frozen=True):
    """How long messages waited, were worked on, and how long the conversations took that began here.

    What the rows are not told apart by is None. `processing` is estimated, on the `processing_evidence` counted by kind.
    `left_out` deliveries were seen late, or something may have been missed in between.
    """

    publisher: str | None
    subscriber: str | None
    vhost: Text | None
    queue: Text | None
    type: str | None
    queue_wait: Percentiles
    processing: Percentiles
    processing_evidence: dict[str, int]
    end_to_end: Percentiles
    left_out: int


class Latencies(msgspec.Struct, frozen=True):
    """Latencies told apart `by` edge, queue or type; `rows` of them, the busiest as `items`.

    `since` and `until` (ns) are what was counted: the times asked for, widened to whole hours or days. Before
    `complete_since` (None: nowhere) rows were dropped. A percentile is within `relative_error` of a time counted.
    """

    by: str
    since: int | None
    until: int | None
    complete_since: int | None
    relative_error: float
    rows: int
    items: tuple[Latency, ...]


class DeadLetterGroup(msgspec.Struct, frozen=True):
    """Dead letters that died alike. `queue` is where they died, `service` that queue's consumer, `error` from headers.

    `services` published or were given them. `trend` holds (hour in ns, deaths) pairs. `states` counts the messages by what
    became of them, see ``projector/views/fates.py``, but for the `unfollowed` that died too long ago to tell.
    """

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
    services: tuple[str, ...] = ()
    trend: tuple[tuple[int, int], ...] = ()
    states: dict[str, int] = {}
    note: str | None = None
    note_by: str | None = None
    note_at: int | None = None
    unfollowed: int = 0


class DeadLetterFate(msgspec.Struct, frozen=True):
    """What became of a dead letter: the retry it went into last ("" for none), its copy, where in the log it `died` last."""

    uid: str
    state: str
    retry: str = ""
    copy: str | None = None
    died: int = -1


class Deed(msgspec.Struct, frozen=True):
    """Somebody did something: an operator fact of the kind `kind`. `by` is the key that asked, "" for hoptrail itself.

    `about` is the id of the key, group or retry that it is about, "" for none; `told` says in words what was done.
    """

    position: int
    at: int
    by: str
    command: str
    kind: str
    about: str
    told: str


class Gap(msgspec.Struct, frozen=True):
    gap: str
    vhost: Text
    node: Text
    why: str
    since: int
    until: int | None
    estimated: int


class Coverage(msgspec.Struct, frozen=True):
    """How much of what the broker counted was captured: in one vhost (None: all), in one window (hour, day, all).

    `since` and `until` (ns) are what was compared, `missed` how much less than `broker` was `captured`, kind by kind;
    `percent` is None where nothing is known, and `basis` says what it rests on. `gaps` counts the gaps in the window.
    """

    vhost: Text | None
    window: str
    since: int | None
    until: int | None
    captured: int | None
    broker: int | None
    missed: int | None
    percent: float | None
    basis: str
    gaps: int = 0


class Capture(msgspec.Struct, frozen=True):
    """The ledger, answered: is capture running, how far, what was missed, what cannot be seen.

    `broker_dead_letters` maps "<queue type>/<strategy>/<reason>" to what the broker counted since it was first asked;
    `unseen_dead_letters` is how many of these nothing showed, None where the broker does not tell its counters.
    `dead_letter_taps` and `left_alone` come from the plan per vhost, and so do `exchange_taps` and `exchanges_left_alone`
    where the mode chose exchanges. `blind_spots` are sentences.
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
    exchange_taps: tuple[dict[str, Any], ...] = ()
    exchanges_left_alone: tuple[dict[str, Any], ...] = ()
    coverage: tuple[Coverage, ...] = ()


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
    def queue(self, vhost: Text, name: Text) -> QueueState | None: ...
    def queue_contents(
        self, vhost: Text, name: Text, *, waiting: bool = False, start: int = 0, limit: int = 1_000
    ) -> Sequence[QueuedCopy] | None: ...
    def latencies(self, by: str, *, since: int | None, until: int | None) -> Latencies: ...
    def dead_letters(self) -> Sequence[DeadLetterGroup]: ...
    def dead_letter_group(self, group: str) -> DeadLetterGroup | None: ...
    def dead_letter_messages(
        self, group: str, *, state: str | None = None, before: int | None = None, limit: int
    ) -> Sequence[str]:
        """Return at most *limit* uids of a group, the last to die first: all, or in *state*, dead *before* a position."""
        ...

    def fate(self, group: str, message: str) -> DeadLetterFate:
        """Return what became of a message (its uid) of a group; `open` where nothing else is known."""
        ...

    def conversations(self) -> Sequence[ConversationState]: ...
    def capture(self) -> Capture: ...
    def projections(self) -> Sequence[ProjectionState]: ...
    def trail(self) -> Sequence[Deed]: ...  # the newest first
    async def digests(self) -> dict[str, str]:
        """Return the digest (hex) of each view by its name, and of the linker, at `position`; it encodes all of them."""
        ...

    def rebuild(self, *, started_at: int) -> bool:
        """Begin to fold the log again beside the views, which then switch to it; False when that is under way already."""
        ...

    def operators(self) -> OperatorState:
        """Return what operators did, as it stands. To be read only."""
        ...

    async def took(self, command: str) -> str:
        """Return once a command's facts are folded: "" when they were taken in, else why the leader refused them."""
        ...

    def message(self, uid: str) -> MessageDocument | None:
        """Return a message the linker still holds; None otherwise (ask the index)."""
        ...

    def changes(self, *, after: int) -> AsyncIterator[MessageDocument]:
        """Yield messages as they change, from position *after* on; a slow reader is told by ``StreamBehind``."""
        ...


class StreamBehind(Exception):
    """A live reader fell further behind than the buffer holds; it must resume by search."""
