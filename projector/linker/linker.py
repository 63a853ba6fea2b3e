"""From facts to messages: the one pure fold that everything shown rests on.

Pure, deterministic, bounded. Every publish and every delivery in the log belongs to exactly one message. What is not
observed is inferred only with a cause and a confidence that say so. Folding a prefix, saving, restoring and folding the
rest gives the same state as folding all at once.
"""

from collections.abc import Callable, Sequence
from typing import Any

from events import facts
from events.facts import Envelope, Fact, MessageDeadLettered, MessageDelivered, MessagePublished
from events.values import Text
from projector.linker import depth, dialects, document, latency, services, settle, state
from projector.linker.deaths import dead_letter_unseen, dead_lettered
from projector.linker.delivery import Deliveries
from projector.linker.document import is_direct_reply
from projector.linker.endpoints import LinkedEndpoint
from projector.linker.ledger import Ledger
from projector.linker.limits import Limits
from projector.linker.match import Line
from projector.linker.model import Change, ChangeKind, LiveMessage
from projector.linker.publishing import Publishes
from projector.linker.rules import Rule
from projector.linker.timers import is_worked
from projector.linker.topology import Topology
from store.documents import MessageDocument

VERSION = "5." + dialects.VERSION
NOTHING: Sequence[Change] = ()
EXPIRE_EVERY = 4_096
BLIND_MODES = ("publishes", "exchanges")
"""How the mode of a plan begins that captures no deliveries."""

PUBLISHED = ChangeKind.PUBLISHED
Handler = Callable[[Envelope, Any], Sequence[Change]]


class Linker:
    """The fold. Callers take what changed at least once per block, since the linker keeps it until then."""

    def __init__(self, stream: str, limits: Limits | None = None) -> None:
        self._state = state.State(stream, limits or Limits())
        self._rules = self._state.memory.limits.rules
        self._bind()

    def _bind(self) -> None:
        self._memory = self._state.memory
        self._publishes = Publishes(self._state, self._rules)
        self._deliveries = Deliveries(self._state, self._rules)
        self._passed = self._memory.passed
        self._passed_max = self._memory.limits.passed_messages_full
        self._copies_max = self._memory.limits.live_copies_max
        self._held = self._state.held.waiting
        self._waiting_for = self._state.held.by_fingerprint
        self._late = self._state.causality.late
        learn: Handler = self._learn
        self._handlers: dict[type[Fact], Handler] = {
            MessagePublished: self._published,
            MessageDelivered: self._deliveries.delivered,
            MessageDeadLettered: self._dead_lettered,
            facts.ConnectionOpened: self._connection_opened,
            facts.ConnectionClosed: self._connection_closed,
            facts.ChannelClosed: self._channel_closed,
            facts.ConsumerStarted: self._consumer,
            facts.ConsumerStopped: self._consumer,
            facts.QueueDeleted: self._queue_deleted,
            facts.QueueSampled: self._sampled,
            facts.CaptureAudited: self._audited,
            facts.CaptureStarted: learn,
            facts.NodeStarted: learn,
            facts.GapOpened: learn,
            facts.GapClosed: learn,
            facts.TapsPlanned: self._planned,
            facts.RetryPlanned: self._retry_planned,
            facts.QueueDeclared: self._queue_declared,
            facts.ExchangeDeclared: learn,
            facts.ExchangeDeleted: learn,
            facts.BindingCreated: learn,
            facts.BindingDeleted: learn,
            facts.VhostDeleted: self._vhost_deleted,
        }

    def fold(self, envelope: Envelope) -> Sequence[Change]:
        """Fold one envelope, which follows the last; return the changes it made, in order."""
        position = self._state.position = envelope.position
        fact = envelope.fact
        handler = self._handlers.get(type(fact))
        told = NOTHING if handler is None else handler(envelope, fact)
        if (
            len(self._passed) > self._passed_max
            or self._held
            or self._memory.waiting > self._copies_max
            or not position % EXPIRE_EVERY
        ):
            told = [*told, *self._tidy(envelope)]
        if self._late:
            told = [*told, *self._late]
            self._late.clear()
        return told

    def take_changed(self) -> list[LiveMessage]:
        """Return the messages changed since the last call, in the order of their first change."""
        changed = list(self._memory.changed.values())
        self._memory.changed.clear()
        return changed

    def get(self, position: int) -> LiveMessage | None:
        """Return the message first seen at *position*, or None where it is not remembered."""
        return self._memory.messages.get(position)

    def queues(self) -> list[tuple[Text, Text]]:
        """Return vhost and name of every queue that messages were seen in since it was last deleted."""
        return [
            place
            for place, line in self._memory.lines.items()
            if line.seq > line.cut and not is_direct_reply(place[1])
        ]

    def queue(self, vhost: Text, name: Text) -> Line | None:
        """Return the copies of a queue; None where none were seen."""
        return self._memory.lines.get((vhost, name))

    def endpoint(self, connection: Text, number: int) -> LinkedEndpoint | None:
        """Return the endpoint of that *number* and connection; None where it is not remembered."""
        found = self._memory.endpoints.current.get(connection)
        return found if found is not None and found.number == number else None

    @property
    def topology(self) -> Topology:
        """What is declared. To be read only."""
        return self._memory.topology

    def is_worked(self, vhost: Text, queue: Text) -> bool:
        """Return whether anybody consumes from a queue, or did."""
        return is_worked(self._memory, vhost, queue)

    @property
    def rules(self) -> Sequence[Rule]:
        """The operator's rules that services are named by."""
        return self._rules

    @property
    def ledger(self) -> Ledger:
        """The gaps of capture."""
        return self._state.ledger

    def watches(self, vhost: Text) -> bool:
        """Return whether the deliveries of *vhost* are captured."""
        return vhost not in self._memory.unwatched

    def document(self, message: LiveMessage) -> MessageDocument:
        """Return *message* as index, API and CLI pass it on."""
        return document.of(message, self._memory.stream, self._state.ledger)

    def save(self) -> bytes:
        """Return the state; what `take_changed` has not yet given is not part of it."""
        return state.save(self._state)

    def restore(self, saved: bytes) -> None:
        """Take the state that `save` of the same stream and version returned."""
        self._state = state.restore(saved, self._memory.stream, self._memory.limits)
        self._bind()

    def digest(self) -> bytes:
        """Return SHA-256 over the state: a function of the folded events alone."""
        return state.digest(self._state)

    # Publishes

    def _published(self, envelope: Envelope, fact: MessagePublished) -> Sequence[Change]:
        told = self._publishes.published(envelope, fact)
        if self._waiting_for:
            told = [*told, *self._retry_held(fact.fingerprint)]
        return told

    # Dead letters, and what has to wait for an earlier event

    def _dead_lettered(self, envelope: Envelope, fact: MessageDeadLettered) -> Sequence[Change]:
        told = dead_lettered(self._memory, envelope, fact)
        if told is None:
            self._state.held.hold(envelope, fact.fingerprint)
            return NOTHING
        return told

    def _retry_held(self, fingerprint: bytes) -> list[Change]:
        """Try again what waits for a publish with *fingerprint*."""
        told: list[Change] = []
        held = self._state.held
        for envelope in held.alike(fingerprint, self._memory.limits.rivals_scanned_max):
            fact = envelope.fact
            found: Sequence[Change] | None = None
            if isinstance(fact, MessageDelivered):
                found = self._deliveries.find(envelope, fact)
            elif isinstance(fact, MessageDeadLettered):
                found = dead_lettered(self._memory, envelope, fact)
            if found is not None:
                held.drop(envelope, fingerprint)
                told.extend(found)
        return told

    def _resolve_held(self, envelope: Envelope) -> list[Change]:
        """Fold what has waited too long as it is: its publish was not observed."""
        told: list[Change] = []
        for waited in self._state.held.overdue(envelope, self._memory.limits):
            fact = waited.fact
            if isinstance(fact, MessageDelivered):
                told.extend(self._deliveries.find(waited, fact, final=True) or NOTHING)
            elif isinstance(fact, MessageDeadLettered):
                found = dead_lettered(self._memory, waited, fact)
                if found is None:
                    found = dead_letter_unseen(self._memory, waited, fact)
                    self._state.explain(found[0][1], fact)
                told.extend(found)
        return told

    def _tidy(self, envelope: Envelope) -> list[Change]:
        """Do what is due now and then: resolve what waited too long, expire, let go."""
        told: list[Change] = []
        if self._held:
            told.extend(self._resolve_held(envelope))
        if not envelope.position % EXPIRE_EVERY:
            told.extend(self._expire(envelope))
        self._memory.let_go(told)
        return told

    # Everything else

    def _connection_opened(
        self, envelope: Envelope, fact: facts.ConnectionOpened
    ) -> Sequence[Change]:
        return services.opened(self._memory, self._rules, envelope, fact)

    def _connection_closed(
        self, envelope: Envelope, fact: facts.ConnectionClosed
    ) -> Sequence[Change]:
        return settle.connection_closed(self._memory, envelope, fact)

    def _channel_closed(self, _envelope: Envelope, fact: facts.ChannelClosed) -> Sequence[Change]:
        settle.channel_closed(self._memory, fact)
        return NOTHING

    def _consumer(
        self, envelope: Envelope, fact: facts.ConsumerStarted | facts.ConsumerStopped
    ) -> Sequence[Change]:
        self._memory.topology.apply(fact)
        if isinstance(fact, facts.ConsumerStarted):
            return settle.consumer_started(self._memory, envelope, fact)
        settle.consumer_stopped(self._memory, fact)
        return NOTHING

    def _queue_declared(self, _envelope: Envelope, fact: facts.QueueDeclared) -> Sequence[Change]:
        self._memory.topology.apply(fact)
        depth.declared(self._memory, fact.vhost, fact.name)
        return NOTHING

    def _audited(self, envelope: Envelope, _fact: facts.CaptureAudited) -> Sequence[Change]:
        return depth.unknown_queues(self._memory, envelope.observed_at)

    def _queue_deleted(self, _envelope: Envelope, fact: facts.QueueDeleted) -> Sequence[Change]:
        self._memory.topology.apply(fact)
        return settle.queue_deleted(self._memory, fact.vhost, fact.name)

    def _vhost_deleted(self, _envelope: Envelope, fact: facts.VhostDeleted) -> Sequence[Change]:
        self._memory.topology.apply(fact)
        self._memory.watch(fact.vhost, deliveries=True)
        return [
            change
            for vhost, queue in list(self._memory.lines)
            if vhost == fact.vhost
            for change in settle.queue_deleted(self._memory, vhost, queue)
        ]

    def _sampled(self, envelope: Envelope, fact: facts.QueueSampled) -> Sequence[Change]:
        return depth.sampled(self._memory, envelope, fact)

    def _planned(self, _envelope: Envelope, fact: facts.TapsPlanned) -> Sequence[Change]:
        self._memory.watch(fact.vhost, deliveries=not fact.mode.startswith(BLIND_MODES))
        return NOTHING

    def _retry_planned(self, _envelope: Envelope, fact: facts.RetryPlanned) -> Sequence[Change]:
        self._state.causality.retries.planned(fact)
        return NOTHING

    def _learn(self, envelope: Envelope, fact: Fact) -> Sequence[Change]:
        self._memory.topology.apply(fact)
        for vhost, since in self._state.ledger.apply(fact, envelope.observed_at):
            latency.tell_again(self._memory, vhost, since)
        depth.learn_restart(self._memory, envelope, fact)
        return NOTHING

    def _expire(self, envelope: Envelope) -> list[Change]:
        told = depth.unknown_queues(self._memory, envelope.observed_at)
        for line in self._memory.lines.values():
            if line.waiting:
                told.extend(settle.expire(self._memory, line, envelope.observed_at))
        self._memory.drop_idle_lines()
        return told
