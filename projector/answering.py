"""Answer from a projection in memory: what API and CLI ask of the views, at the position it stands.

Nothing here awaits or touches a store. Names, rates and contents are worked out when asked.
"""

from collections.abc import Iterator, Sequence
from copy import copy as copied

from events.identity import position_of, uid
from events.operations import OperatorState
from events.values import Text, shown
from projector.answering_system import SystemAnswers
from projector.answers import (
    Agreement,
    Capture,
    ConversationState,
    DeadLetterFate,
    DeadLetterGroup,
    Deed,
    Latencies,
    ProjectionState,
    QueuedCopy,
    QueueState,
)
from projector.depths import agreement, returned_in
from projector.linker.believed import waits
from projector.linker.document import WORST_FIRST, state_of
from projector.linker.match import IN_HAND, Line, Sampled
from projector.linker.model import UNKNOWN, UNROUTABLE, WAITING, LiveCopy, LiveMessage
from projector.projection import Projection
from projector.views import latency_table, services
from projector.views.conversations import Trace
from projector.views.declared import QueueInfo
from projector.views.fates import OPEN
from projector.views.names import queue_id
from projector.views.queues import Sample
from projector.views.stuck import Activity, Waiting, problem_of
from store.documents import MessageDocument

NS_PER_S = 1_000_000_000
CONTENTS_MAX = 1_000
CONVERSATIONS_MAX = 500
WORST_OF_ALL = (UNROUTABLE, *WORST_FIRST)


class Answers(SystemAnswers):
    """The answers of one projection; `head` tells how far the log goes, where that is known to be further."""

    def __init__(self, projection: Projection) -> None:
        super().__init__(projection)
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

    def queue(self, vhost: Text, name: Text) -> QueueState | None:
        """Return one queue; None where it is neither declared nor was seen."""
        projection, place = self._projection, (vhost, name)
        line = projection.linker.queue(vhost, name)
        declared = projection.topology.state.declared.queues.get(place)
        samples = projection.queues.state.samples
        if declared is None and place not in samples and (line is None or line.seq == line.cut):
            return None
        consumers = services.consumers(projection.topology.state)
        return self._queue(place, declared, samples.get(place), consumers.get(place, ()))

    def queue_gone(self, vhost: Text, name: Text) -> QueueState:
        """Return a queue that is in nobody's books any more: nothing is in it."""
        return self._queue((vhost, name), None, None, ())

    def queue_contents(
        self,
        vhost: Text,
        name: Text,
        *,
        waiting: bool = False,
        start: int = 0,
        limit: int = CONTENTS_MAX,
    ) -> Sequence[QueuedCopy] | None:
        """Return *limit* copies believed to be in a queue, from number *start* on, in its order; None for an unknown queue.

        With *waiting* those that were handed out are left out, unless they went back.
        """
        if self.queue(vhost, name) is None:
            return None
        line = self._projection.linker.queue(vhost, name)
        if line is None:
            return ()
        found = [entry for entry in line.contents() if not waiting or _waits(entry[1])]
        return [self._queued(*entry) for entry in found[start : start + limit]]

    def latencies(
        self, by: str, *, since: int | None = None, until: int | None = None
    ) -> Latencies:
        """Return the latencies of deliveries between *since* and *until* (ns), told apart *by* edge, queue or type."""
        return latency_table.table(self._projection.latencies.state, by, since, until)

    def dead_letters(self) -> Sequence[DeadLetterGroup]:
        projection = self._projection
        consumers = services.consumers(projection.topology.state)
        notes = projection.operations.state.operators.notes
        return projection.dead_letters.groups(consumers, notes)

    def dead_letter_group(self, group: str) -> DeadLetterGroup | None:
        projection = self._projection
        consumers = services.consumers(projection.topology.state)
        notes = projection.operations.state.operators.notes
        return projection.dead_letters.group(group, consumers, notes)

    def fate(self, group: str, message: str) -> DeadLetterFate:
        position = position_of(message, self.stream)
        view = self._projection.dead_letters
        found = None if position is None else view.fate(group, position)
        if found is None:
            return DeadLetterFate(message, OPEN)
        copy = None if found.copy < 0 else uid(self.stream, found.copy)
        return DeadLetterFate(message, found.outcome, found.retry, copy, found.died)

    def dead_letter_messages(
        self, group: str, *, state: str | None = None, before: int | None = None, limit: int
    ) -> Sequence[str]:
        view = self._projection.dead_letters
        members = view.members(group, state=state, before=before, limit=limit)
        return [uid(self.stream, position) for position in members]

    def conversations(self) -> Sequence[ConversationState]:
        """Return the traces that were active last, the latest first, at most `CONVERSATIONS_MAX`."""
        traces = self._projection.conversations.state.traces
        latest = sorted(traces.items(), key=lambda item: (-item[1].last, item[0]))
        return [self._conversation(*item) for item in latest[:CONVERSATIONS_MAX]]

    def capture(self) -> Capture:
        return self._projection.capture.answer(self.position, self.observed_at)

    def operators(self) -> OperatorState:
        return self._projection.operations.state.operators

    def trail(self) -> Sequence[Deed]:
        return self._projection.operations.trail()

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
        linker = self._projection.linker
        line = linker.queue(*place) or Line(*place)
        if line.sample is None and sample is not None:
            line = copied(line)
            line.sample = Sampled(sample.at, sample.ready, sample.unacked, 0, 0, 0)
            line.unseen = sample.ready
        oldest, returned = line.oldest(), returned_in(line)
        oldest_at = None if oldest is None else oldest[1].enqueued_at
        is_stream = info is not None and info.type == "stream"
        role, activity = self.roles().get(place), self.activities().get(place, Activity())
        believed = line.waiting + line.overflow + returned
        waiting = Waiting(
            believed if sample is None else sample.ready,
            oldest_at if oldest_at is not None or not believed else activity.delivered_at,
            is_watched=linker.watches(place[0]),
            may_wait=is_stream or role is not None,
        )
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
            oldest_at=oldest_at,
            durable=True if info is None else info.durable,
            arguments={} if info is None else info.arguments,
            returned=returned,
            unseen=max(0, line.unseen - returned),
            agreement=self._agreement(line, returned, is_stream=is_stream),
            problem=problem_of(waiting, activity, self.now),
            last_delivered_at=activity.delivered_at,
            role=None if role is None else role.role,
            main=None if role is None or role.main is None else queue_id(place[0], role.main),
            policy={} if info is None else info.policy,
        )

    def _agreement(self, line: Line, returned: int, *, is_stream: bool) -> Agreement:
        linker = self._projection.linker
        return agreement(
            line,
            returned=returned,
            watched=linker.watches(line.vhost),
            stream=is_stream,
            ledger=linker.ledger,
            now=self.now,
        )

    def _queued(self, message: LiveMessage, copy: LiveCopy) -> QueuedCopy:
        cause, confidence = copy.cause, copy.confidence
        if copy.state == WAITING:
            cause, confidence = waits(copy.cause)
        return QueuedCopy(
            uid=uid(self.stream, message.position),
            position=message.position,
            enqueued_at=copy.enqueued_at,
            state=copy.state,
            confidence=confidence,
            exchange=message.exchange,
            routing_key=message.routing_keys[0] if message.routing_keys else "",
            type=message.properties.type,
            cause=cause,
            returned=_returned(copy),
        )

    def _conversation(self, trace_id: str, trace: Trace) -> ConversationState:
        """Return a trace with what its messages say now."""
        linker = self._projection.linker
        states, names = dict(trace.states or {}), dict(trace.services or {})
        for position in trace.members:
            message = linker.get(position)
            if message is None:
                continue
            states[state_of(message)] = None
            for service in _services(message):
                names[service] = None
        return ConversationState(
            trace_id=trace_id,
            root=uid(self.stream, trace.root),
            messages=trace.messages,
            services=tuple(sorted(names)),
            started_at=trace.started,
            last_at=trace.last,
            state=min(states, key=_badness, default=UNKNOWN),
            correlation_id=trace.correlation_id,
        )


def _returned(copy: LiveCopy) -> bool:
    return copy.state in IN_HAND and bool(copy.attempts) and copy.attempts[-1].returned


def _waits(copy: LiveCopy) -> bool:
    return copy.state == WAITING or _returned(copy)


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
