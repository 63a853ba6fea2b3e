"""Answer from a projection in memory: what API and CLI ask of the views, at the position it stands.

Nothing here awaits or touches a store. Names, rates and contents are worked out when asked.
"""

from collections.abc import Iterator, Sequence

from events.identity import position_of, uid
from events.values import Text, shown
from projector.answers import (
    Capture,
    ConversationState,
    DeadLetterGroup,
    ProjectionState,
    QueuedCopy,
    QueueState,
    Relationship,
    Service,
    Topology,
)
from projector.linker.document import WORST_FIRST, state_of
from projector.linker.match import Line
from projector.linker.model import UNKNOWN, UNROUTABLE, LiveCopy, LiveMessage
from projector.projection import Projection
from projector.views import services
from projector.views.conversations import Trace
from projector.views.declared import QueueInfo
from projector.views.graph import graph
from projector.views.queues import Sample
from store.documents import MessageDocument

NS_PER_S = 1_000_000_000
CONTENTS_MAX = 1_000
CONVERSATIONS_MAX = 500
WORST_OF_ALL = (UNROUTABLE, *WORST_FIRST)


class Answers:
    """The answers of one projection; `head` tells how far the log goes, where that is known to be further."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self._head_position = projection.position
        self._head_observed_at = projection.fold.observed_at

    @property
    def stream(self) -> str:
        return self._projection.stream

    @property
    def position(self) -> int:
        """The next position to fold: everything before it is in the answers."""
        return self._projection.position

    @property
    def observed_at(self) -> int | None:
        """When the last event folded was observed (ns); None before the first."""
        return self._projection.fold.observed_at

    @property
    def caught_up(self) -> bool:
        return self.position >= self._head_position

    @property
    def lag_s(self) -> float:
        """How far behind the head of the log the answers are, in seconds of observed time."""
        head, mine = self._head_observed_at, self.observed_at
        if self.caught_up or head is None:
            return 0.0
        return max(0, head - (mine or head)) / NS_PER_S

    def topology(self) -> Topology:
        return graph(self._projection.topology.state, self.observed_at or 0)

    def services(self) -> Sequence[Service]:
        return services.services(self._projection.topology.state)

    def relationships(self) -> Sequence[Relationship]:
        return services.relationships(self._projection.topology.state)

    def queues(self) -> Sequence[QueueState]:
        """Return every queue that is declared or was seen, by vhost and name."""
        projection = self._projection
        declared, samples = (
            projection.topology.state.declared.queues,
            projection.queues.state.samples,
        )
        consumers = services.consumers(projection.topology.state)
        places = dict.fromkeys((*declared, *samples, *projection.linker.queues()))
        return [
            self._queue(place, declared.get(place), samples.get(place), consumers.get(place, ()))
            for place in sorted(places, key=_by_name)
        ]

    def queue_contents(
        self, vhost: Text, name: Text, *, limit: int = CONTENTS_MAX
    ) -> Sequence[QueuedCopy] | None:
        """Return the first *limit* copies believed to be in a queue, in its order; None for an unknown queue."""
        projection, place = self._projection, (vhost, name)
        line = projection.linker.queue(vhost, name)
        if line is None or line.seq == line.cut:
            declared, samples = projection.topology.state.declared, projection.queues.state.samples
            return () if place in declared.queues or place in samples else None
        return [self._queued(*entry) for entry in line.contents()[:limit]]

    def dead_letters(self) -> Sequence[DeadLetterGroup]:
        projection = self._projection
        consumers = services.consumers(projection.topology.state)
        return projection.dead_letters.groups(consumers)

    def dead_letter_messages(self, group: str) -> Sequence[str] | None:
        members = self._projection.dead_letters.members(group)
        return None if members is None else [uid(self.stream, position) for position in members]

    def conversations(self) -> Sequence[ConversationState]:
        """Return the traces that were active last, the latest first, at most `CONVERSATIONS_MAX`."""
        traces = self._projection.conversations.state.traces
        latest = sorted(traces.items(), key=lambda item: (-item[1].last, item[0]))
        told = (self._conversation(*item) for item in latest[:CONVERSATIONS_MAX])
        return [conversation for conversation in told if conversation is not None]

    def capture(self) -> Capture:
        return self._projection.capture.answer(self.position, self.observed_at)

    def projections(self) -> Sequence[ProjectionState]:
        """Return how far each view is. They fold together, so all are at one position."""
        return [
            ProjectionState(name, version, self.position, self.caught_up, self.lag_s)
            for name, version in sorted(self._projection.versions.items())
        ]

    def message(self, uid: str) -> MessageDocument | None:
        """Return a message that the linker still holds; None otherwise."""
        position = position_of(uid, self.stream)
        message = None if position is None else self._projection.linker.get(position)
        return None if message is None else self._projection.linker.document(message)

    def _queue(
        self,
        place: tuple[Text, Text],
        info: QueueInfo | None,
        sample: Sample | None,
        consumers: tuple[str, ...],
    ) -> QueueState:
        line = self._projection.linker.queue(*place) or Line(*place)
        oldest = line.oldest()
        return QueueState(
            vhost=place[0],
            name=place[1],
            type="" if info is None else info.type,
            waiting=line.waiting,
            delivered=line.in_hand,
            uncertain=line.overflow,
            published=line.enqueued,
            deliveries=line.deliveries,
            dead_lettered=line.deaths,
            broker_ready=None if sample is None else sample.ready,
            broker_unacked=None if sample is None else sample.unacked,
            sampled_at=None if sample is None else sample.at,
            consumers=consumers,
            oldest_at=None if oldest is None else oldest[1].enqueued_at,
            durable=True if info is None else info.durable,
            arguments={} if info is None else info.arguments,
        )

    def _queued(self, message: LiveMessage, copy: LiveCopy) -> QueuedCopy:
        return QueuedCopy(
            uid=uid(self.stream, message.position),
            position=message.position,
            enqueued_at=copy.enqueued_at,
            state=copy.state,
            confidence=copy.confidence,
            exchange=message.exchange,
            routing_key=message.routing_keys[0] if message.routing_keys else "",
            type=message.properties.type,
        )

    def _conversation(self, trace_id: str, trace: Trace) -> ConversationState | None:
        """Return a trace with what its messages say now; None when all of them moved to other traces."""
        linker = self._projection.linker
        states, names, moved = dict(trace.states or {}), dict(trace.services or {}), 0
        for position in trace.members:
            message = linker.get(position)
            if message is None:
                continue
            if message.trace_id != trace_id:
                moved += 1
                continue
            states[state_of(message)] = None
            for service in _services(message):
                names[service] = None
        if moved >= trace.messages:
            return None
        return ConversationState(
            trace_id=trace_id,
            root=uid(self.stream, trace.root),
            messages=trace.messages - moved,
            services=tuple(sorted(names)),
            started_at=trace.started,
            last_at=trace.last,
            state=min(states, key=_badness, default=UNKNOWN),
            correlation_id=trace.correlation_id,
        )


def _services(message: LiveMessage) -> Iterator[str]:
    ends = [] if message.publisher is None else [message.publisher]
    ends += [attempt.endpoint for copy in message.copies for attempt in copy.attempts]
    for end in ends:
        if end.party.service is not None:
            yield end.party.service


def _badness(state: str) -> int:
    return WORST_OF_ALL.index(state) if state in WORST_OF_ALL else len(WORST_OF_ALL)


def _by_name(place: tuple[Text, Text]) -> tuple[str, str]:
    return (shown(place[0]), shown(place[1]))
