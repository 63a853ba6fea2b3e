"""From facts to messages: the one pure fold that everything shown rests on.

Pure, deterministic, bounded. Every publish and every delivery in the log belongs to exactly one message. What is not
observed is inferred only with a cause and a confidence that say so. Folding a prefix, saving, restoring and folding the
rest gives the same state as folding all at once.
"""

from collections.abc import Callable, Sequence
from typing import Any

from events.facts import (
    Envelope,
    Fact,
    MessageDelivered,
    MessagePublished,
)
from projector.linker import document, state
from projector.linker.endpoints import REUSED_AFTER_NS, LinkedEndpoint
from projector.linker.history import deaths_in, history_of
from projector.linker.limits import Limits
from projector.linker.match import IN_HAND, Bucket, Entry, Line, handed_copy, key_of, waiting_copy
from projector.linker.memory import Memory
from projector.linker.model import (
    DELIVERED,
    GONE,
    INFERRED,
    REDELIVERED,
    ROUTED,
    SETTLED,
    WAITING,
    Change,
    ChangeKind,
    LiveAttempt,
    LiveCopy,
    LiveMessage,
)
from store.documents import MessageDocument

VERSION = "1"
NOTHING: Sequence[Change] = ()

PUBLISHED = ChangeKind.PUBLISHED
COPY_DELIVERED = ChangeKind.COPY_DELIVERED


class Linker:
    """The fold. Callers take what changed at least once per block, since the linker keeps it until then."""

    def __init__(self, stream: str, limits: Limits | None = None) -> None:
        self._memory = Memory(stream, limits or Limits())
        self._bind()

    def _bind(self) -> None:
        self._handlers: dict[type[Fact], Callable[[Envelope, Any], Sequence[Change]]] = {
            MessagePublished: self._published,
            MessageDelivered: self._delivered,
        }

    def fold(self, envelope: Envelope) -> Sequence[Change]:
        """Fold one envelope, which follows the last; return the changes it made, in order."""
        memory = self._memory
        memory.position = envelope.position
        memory.clock = envelope.observed_at
        fact = envelope.fact
        handler = self._handlers.get(type(fact))
        return NOTHING if handler is None else handler(envelope, fact)

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
        return state.save(self._memory)

    def restore(self, saved: bytes) -> None:
        """Take the state that `save` of the same stream and version returned."""
        self._memory = state.restore(saved, self._memory.stream, self._memory.limits)
        self._bind()

    def digest(self) -> bytes:
        """Return SHA-256 over the state: a function of the folded events alone."""
        return state.digest(self._memory)

    # Traffic

    def _published(self, envelope: Envelope, fact: MessagePublished) -> Sequence[Change]:
        memory = self._memory
        position, at = envelope.position, envelope.observed_at
        endpoint = memory.endpoints.current.get(fact.connection)
        if endpoint is None or endpoint.closed_at is not None:
            endpoint = self._meet(fact, at)
        endpoint.published += 1
        vhost, fingerprint, queues = fact.vhost, fact.fingerprint, fact.routed_queues
        copies: list[LiveCopy] = []
        message = LiveMessage(
            position, at, envelope.lag_ms, True, vhost, fact.exchange, fact.routing_keys, queues, endpoint,
            fact.channel, fact.properties, fingerprint, fact.body, 1, copies, None, (),
            memory.trace_id(position), 0, None, [position],
        )
        headers = fact.properties.headers
        history = history_of(deaths_in(headers)) if headers is not None and "x-death" in headers else None
        key = key_of(fingerprint, history)
        lines = memory.lines
        for queue in queues:
            line = lines.get((vhost, queue)) or memory.line(vhost, queue)
            line.seq = seq = line.seq + 1
            line.waiting += 1
            copy = LiveCopy(line.queue, ROUTED, WAITING, at, position, [], None, None, 1.0, seq, history)
            copies.append(copy)
            entry = (message, copy)
            line.order.append(entry)
            index = line.index
            held = index.get(key)
            if held is None:
                index[key] = entry
            elif held.__class__ is Bucket:
                held.waiting.append(entry)
            else:
                index[key] = bucket = Bucket()
                (bucket.waiting if held[1].state == WAITING else bucket.handed).append(held)
                bucket.waiting.append(entry)
        if queues:
            memory.waiting += len(queues)
        else:
            memory.passed.append((message, 1))
        memory.messages[position] = memory.changed[position] = message
        change = (PUBLISHED, message, None, None)
        if memory.waiting > memory.limits.live_copies_max or len(memory.passed) > memory.limits.passed_messages_max:
            return [change, *memory.let_go()]
        return (change,)

    def _delivered(self, envelope: Envelope, fact: MessageDelivered) -> Sequence[Change]:
        memory = self._memory
        endpoint = memory.endpoints.current.get(fact.connection)
        if endpoint is None or endpoint.closed_at is not None:
            endpoint = self._meet(fact, envelope.observed_at)
        line = memory.lines.get((fact.vhost, fact.queue)) or memory.line(fact.vhost, fact.queue)
        headers = fact.properties.headers
        key: Any = fact.fingerprint
        told: list[Change] = []
        if headers is not None and "x-death" in headers:
            key = key_of(key, history_of(deaths_in(headers)))
        entry = self._find(line, key, redelivered=fact.redelivered)
        if entry is None:
            entry = self._unseen(envelope, fact, line, key, told)
        told.append(self._hand_out(envelope, fact, endpoint, line, entry))
        if len(memory.passed) > memory.limits.passed_messages_max:
            told.extend(memory.let_go())
        return told

    def _find(self, line: Line, key: Any, *, redelivered: bool) -> Entry | None:
        scan_max = self._memory.limits.rivals_scanned_max
        if redelivered:
            found = handed_copy(line, key, IN_HAND, scan_max)
            if found is not None:
                entry, rivals = found
                if rivals:
                    entry[1].cause, entry[1].confidence = "interchangeable", round(1 / (rivals + 1), 3)
                return entry
        entry = waiting_copy(line, key)
        if entry is not None:
            return entry
        late = handed_copy(line, key, (GONE, SETTLED) if redelivered else (GONE,), scan_max)
        return None if late is None else late[0]

    def _unseen(
        self, envelope: Envelope, fact: MessageDelivered, line: Line, key: Any, told: list[Change]
    ) -> Entry:
        memory = self._memory
        message = memory.remember_publish(
            envelope, fact.exchange, fact.routing_keys, fact.vhost, fact.properties, fact.fingerprint, fact.body
        )
        history = key[1] if isinstance(key, tuple) else None
        copy = LiveCopy(line.queue, INFERRED, WAITING, envelope.observed_at, envelope.position, history=history)
        memory.enqueue(message, copy)
        message.events.clear()
        message.version = 0
        told.append((ChangeKind.UNSEEN_PUBLISH, message, None, None))
        return (message, copy)

    def _hand_out(
        self, envelope: Envelope, fact: MessageDelivered, endpoint: LinkedEndpoint, line: Line, entry: Entry
    ) -> Change:
        memory = self._memory
        message, copy = entry
        endpoint.consumed += 1
        line.deliveries += 1
        attempt = LiveAttempt(
            envelope.position, envelope.observed_at, envelope.lag_ms, fact.redelivered, endpoint, fact.channel
        )
        if len(copy.attempts) < memory.limits.attempts_per_copy_max:
            copy.attempts.append(attempt)
        else:
            copy.attempts[-1] = attempt
            copy.attempts_more += 1
        was = copy.state
        copy.state = REDELIVERED if fact.redelivered or len(copy.attempts) > 1 else DELIVERED
        memory.note(message, envelope.position)
        if was == WAITING:
            memory.left(message, line)
        return (COPY_DELIVERED, message, copy, attempt)

    def _meet(self, fact: MessagePublished | MessageDelivered, at: int) -> LinkedEndpoint:
        endpoints = self._memory.endpoints
        known = endpoints.current.get(fact.connection)
        if known is not None and known.closed_at is not None and at - known.closed_at < REUSED_AFTER_NS:
            return known
        return endpoints.meet(fact.node, fact.connection, fact.vhost, fact.user, at)
