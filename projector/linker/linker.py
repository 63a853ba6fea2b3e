"""From facts to messages: the one pure fold that everything shown rests on.

Pure, deterministic, bounded. Every publish and every delivery in the log belongs to exactly one message. What is not
observed is inferred only with a cause and a confidence that say so. Folding a prefix, saving, restoring and folding the
rest gives the same state as folding all at once.
"""

from collections.abc import Callable, Sequence
from typing import Any

from events import facts
from events.facts import Envelope, Fact, MessageDeadLettered, MessageDelivered, MessagePublished
from projector.linker import dialects, document, services, settle, state
from projector.linker.deaths import dead_letter_unseen, dead_lettered
from projector.linker.delivery import Deliveries
from projector.linker.dialects.reading import What
from projector.linker.endpoints import REUSED_AFTER_NS, LinkedEndpoint
from projector.linker.history import deaths_in, history_of
from projector.linker.limits import Limits
from projector.linker.match import Bucket, key_of
from projector.linker.model import ROUTED, WAITING, Change, ChangeKind, LiveCopy, LiveMessage
from projector.linker.services import APP_ID, CLIENT_NAME, HEADER, Rule
from store.documents import MessageDocument

VERSION = "1." + dialects.VERSION
NOTHING: Sequence[Change] = ()
EXPIRE_EVERY = 4_096

PUBLISHED = ChangeKind.PUBLISHED
Handler = Callable[[Envelope, Any], Sequence[Change]]


class Linker:
    """The fold. Callers take what changed at least once per block, since the linker keeps it until then.

    `rules` name services explicitly, before any other evidence; they are configuration, so another set of rules is
    another fold.
    """

    def __init__(
        self, stream: str, limits: Limits | None = None, rules: Sequence[Rule] = ()
    ) -> None:
        self._rules = tuple(rules)
        self._state = state.State(stream, limits or Limits())
        self._bind()

    def _bind(self) -> None:
        self._memory = self._state.memory
        self._causality = self._state.causality
        self._deliveries = Deliveries(self._state, self._rules)
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
            facts.CaptureStarted: learn,
            facts.GapOpened: learn,
            facts.GapClosed: learn,
            facts.QueueDeclared: learn,
            facts.ExchangeDeclared: learn,
            facts.ExchangeDeleted: learn,
            facts.BindingCreated: learn,
            facts.BindingDeleted: learn,
            facts.VhostDeleted: learn,
        }

    def fold(self, envelope: Envelope) -> Sequence[Change]:
        """Fold one envelope, which follows the last; return the changes it made, in order."""
        memory = self._memory
        memory.position = position = envelope.position
        memory.clock = envelope.observed_at
        fact = envelope.fact
        handler = self._handlers.get(type(fact))
        told = NOTHING if handler is None else handler(envelope, fact)
        held = self._state.held
        if held.order:
            told = [*told, *self._resolve_held(envelope)]
        if not position % EXPIRE_EVERY:
            told = [*told, *self._expire(envelope)]
        return told

    def take_changed(self) -> list[LiveMessage]:
        """Return the messages changed since the last call, in the order of their first change."""
        changed = list(self._memory.changed.values())
        self._memory.changed.clear()
        return changed

    def get(self, position: int) -> LiveMessage | None:
        """Return the message first seen at *position*, or None where it is not remembered."""
        return self._memory.messages.get(position)

    def document(self, message: LiveMessage) -> MessageDocument:
        """Return *message* as index, API and CLI pass it on."""
        return document.of(message, self._memory.stream)

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
        memory = self._memory
        position, at = envelope.position, envelope.observed_at
        endpoint = memory.endpoints.current.get(fact.connection)
        told: list[Change] | None = None
        if endpoint is None or endpoint.closed_at is not None:
            endpoint = memory.endpoints.seen(fact, at, REUSED_AFTER_NS)
        endpoint.published += 1
        vhost, fingerprint, queues, properties = (
            fact.vhost,
            fact.fingerprint,
            fact.routed_queues,
            fact.properties,
        )
        copies: list[LiveCopy] = []
        message = LiveMessage(
            position, at, envelope.lag_ms, True, vhost, fact.exchange, fact.routing_keys, queues, endpoint,
            fact.channel, properties, fingerprint, fact.body, 1, copies, None, (),
            f"{memory.trace_prefix}{position:016x}", 0, None, [position],
        )  # fmt: skip
        headers = properties.headers
        key: Any = fingerprint
        history = None
        if headers is not None and "x-death" in headers:
            history = history_of(deaths_in(headers))
            if history is not None:
                key = key_of(fingerprint, history)
                memory.carry(fact, history)
        lines = memory.lines
        for queue in queues:
            line = lines.get((vhost, queue))
            if line is None:
                line = memory.line(vhost, queue)
            line.seq = seq = line.seq + 1
            line.waiting += 1
            copy = LiveCopy(
                line.queue, ROUTED, WAITING, at, position, [], None, None, 1.0, seq, history
            )
            copies.append(copy)
            entry = (message, copy)
            line.order.append(entry)
            index = line.index
            there = index.get(key)
            if there is None:
                index[key] = entry
            elif there.__class__ is Bucket:
                there.waiting.append(entry)
            else:
                bucket = index[key] = Bucket()
                (bucket.waiting if there[1].state == WAITING else bucket.handed).append(there)
                bucket.waiting.append(entry)
        if queues:
            memory.waiting += len(queues)
        else:
            memory.passed.append((position, 1))
        memory.messages[position] = memory.changed[position] = message
        if (
            headers is not None
            or properties.correlation_id is not None
            or properties.message_id is not None
            or endpoint.number in memory.endpoints.hands
        ):
            hints = self._causality.published(message, fact, endpoint)
            if endpoint.rank > CLIENT_NAME:
                told = self._hint(message, endpoint, hints)
        elif endpoint.rank > CLIENT_NAME:
            told = self._hint(message, endpoint, ())
        if (
            not told
            and memory.waiting <= memory.limits.live_copies_max
            and len(memory.passed) <= memory.limits.passed_messages_max
            and not self._state.held.by_fingerprint
        ):
            return ((PUBLISHED, message, None, None),)
        told = [*(told or ()), (PUBLISHED, message, None, None)]
        told.extend(self._retry_held(fingerprint))
        memory.let_go(told)
        return told

    def _hint(
        self, message: LiveMessage, endpoint: LinkedEndpoint, hints: Sequence[tuple[What, str, str]]
    ) -> list[Change]:
        """Take what a publish says of its publisher's name, as long as the client gave none itself."""
        memory = self._memory
        memory.remember_recent(endpoint, message.position)
        told: list[Change] = []
        for what, _, value in hints:
            if what is What.SERVICE:
                told += services.hint(memory, self._rules, endpoint, HEADER, value)
        app_id = message.properties.app_id
        if isinstance(app_id, str) and services.is_service_name(app_id):
            told += services.hint(memory, self._rules, endpoint, APP_ID, app_id)
        if endpoint.party.evidence is None:
            services.name(memory, self._rules, endpoint, told)
        return told

    # Dead letters, and what has to wait for an earlier event

    def _dead_lettered(self, envelope: Envelope, fact: MessageDeadLettered) -> Sequence[Change]:
        told = dead_lettered(self._memory, envelope, fact)
        if told is None:
            self._state.held.hold(envelope, fact.fingerprint)
            return NOTHING
        self._memory.let_go(told)
        return told

    def _retry_held(self, fingerprint: bytes) -> list[Change]:
        """Fold again what waited for a publish with *fingerprint*."""
        told: list[Change] = []
        for envelope in self._state.held.take(fingerprint):
            fact = envelope.fact
            if isinstance(fact, MessageDelivered):
                told.extend(self._deliveries.delivered(envelope, fact))
            elif isinstance(fact, MessageDeadLettered):
                told.extend(self._dead_lettered(envelope, fact))
        return told

    def _resolve_held(self, envelope: Envelope) -> list[Change]:
        """Fold what has waited too long as it is: its publish was not observed."""
        told: list[Change] = []
        for waited in self._state.held.overdue(envelope, self._memory.limits):
            fact = waited.fact
            if isinstance(fact, MessageDelivered):
                told.extend(self._deliveries.delivered(waited, fact, final=True))
            elif isinstance(fact, MessageDeadLettered):
                found = dead_lettered(self._memory, waited, fact)
                if found is None:
                    found = dead_letter_unseen(self._memory, waited, fact)
                    self._state.explain(found[0][1], fact)
                told.extend(found)
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
        self, _envelope: Envelope, fact: facts.ConsumerStarted | facts.ConsumerStopped
    ) -> Sequence[Change]:
        self._memory.topology.apply(fact)
        if isinstance(fact, facts.ConsumerStarted):
            settle.consumer_started(self._memory, fact)
        else:
            settle.consumer_stopped(self._memory, fact)
        return NOTHING

    def _queue_deleted(self, _envelope: Envelope, fact: facts.QueueDeleted) -> Sequence[Change]:
        self._memory.topology.apply(fact)
        return settle.queue_deleted(self._memory, fact)

    def _sampled(self, envelope: Envelope, fact: facts.QueueSampled) -> Sequence[Change]:
        return settle.sampled(self._memory, envelope, fact)

    def _learn(self, envelope: Envelope, fact: Fact) -> Sequence[Change]:
        self._memory.topology.apply(fact)
        self._state.ledger.apply(fact, envelope.observed_at)
        return NOTHING

    def _expire(self, envelope: Envelope) -> list[Change]:
        told: list[Change] = []
        for line in self._memory.lines.values():
            if line.waiting:
                told.extend(settle.expire(self._memory, line, envelope.observed_at))
        return told
