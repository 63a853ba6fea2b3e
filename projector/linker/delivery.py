"""Which copy a delivery is of, and what it tells of that copy and of the one who got it.

Pure. In order: a repeat of a copy already handed out, the oldest waiting copy with the same deaths before it, a copy that
died on the way here, and at last a message whose publish was not observed.
"""

from collections.abc import Sequence
from typing import Any

from events.facts import Envelope, MessageDelivered, Table
from projector.linker import services
from projector.linker.deaths import BY_HAND, turned_up, turned_up_unseen, worked_behind
from projector.linker.endpoints import REUSED_AFTER_NS, LinkedEndpoint
from projector.linker.history import deaths_in, history_of
from projector.linker.match import (
    IN_HAND,
    Bucket,
    Entry,
    Key,
    Line,
    handed_copy,
    key_of,
    leave,
    waiting_copy,
)
from projector.linker.model import (
    DEAD_LETTERED,
    DELIVERED,
    GONE,
    INFERRED,
    REDELIVERED,
    SETTLED,
    WAITING,
    Change,
    ChangeKind,
    LiveAttempt,
    LiveCopy,
)
from projector.linker.services import CLIENT_NAME, Rule
from projector.linker.settle import NO_ACK, overtake, release, settle_oldest
from projector.linker.state import State

COPY_DELIVERED = ChangeKind.COPY_DELIVERED
INTERCHANGEABLE = "identical copies are interchangeable"


class Deliveries:
    """Folds deliveries into the state of one linker."""

    def __init__(self, state: State, rules: Sequence[Rule]) -> None:
        self._state = state
        self._memory = state.memory
        self._causality = state.causality
        self._rules = rules

    def delivered(
        self, envelope: Envelope, fact: MessageDelivered, *, final: bool = False
    ) -> Sequence[Change]:
        """Fold a delivery; with *final* it is not held back for a publish that may still arrive."""
        memory = self._memory
        endpoint = memory.endpoints.current.get(fact.connection)
        if endpoint is None or endpoint.closed_at is not None:
            endpoint = memory.endpoints.seen(fact, envelope.observed_at, REUSED_AFTER_NS)
        line = memory.lines.get((fact.vhost, fact.queue))
        if line is None:
            line = memory.line(fact.vhost, fact.queue)
        headers = fact.properties.headers
        told: list[Change] = []
        entry: Entry | None = None
        plain = headers is None or ("x-death" not in headers and "x-stream-offset" not in headers)
        if plain and not fact.redelivered:
            there = line.index.get(fact.fingerprint)
            if there.__class__ is Bucket:
                entry = there.waiting[0] if there.waiting else None
            elif there is not None and there[1].state == WAITING:
                entry = there
        if entry is None:
            entry = self._find(envelope, fact, line, told)
            if entry is None:
                if not final and len(memory.endpoints.nodes) > 1:
                    self._state.held.hold(envelope, fact.fingerprint)
                    return told
                entry = self._unseen(envelope, fact, line, told)
        self._hand_out(envelope, fact, endpoint, line, entry, told)
        if len(memory.passed) > memory.limits.passed_messages_max:
            memory.let_go(told)
        return told

    # Which copy

    def _find(
        self, envelope: Envelope, fact: MessageDelivered, line: Line, told: list[Change]
    ) -> Entry | None:
        headers = fact.properties.headers
        offset = _stream_offset(headers)
        if offset is not None:
            return self._in_stream(line, fact.fingerprint, offset)
        history = history_of(deaths_in(headers))
        found = self._by_key(line, key_of(fact.fingerprint, history), redelivered=fact.redelivered)
        if found is not None:
            return found
        if history is not None:
            found = turned_up(self._memory, envelope, fact, told)
            if found is not None:
                return found
        for carried in self._memory.carried_histories(fact):
            found = self._by_key(
                line, key_of(fact.fingerprint, carried), redelivered=fact.redelivered
            )
            if found is not None:
                return found
        return None

    def _by_key(self, line: Line, key: Key, *, redelivered: bool) -> Entry | None:
        scan_max = self._memory.limits.rivals_scanned_max
        if redelivered:
            found = handed_copy(line, key, IN_HAND, scan_max)
            if found is not None:
                entry, rivals = found
                if rivals:
                    entry[1].cause, entry[1].confidence = (
                        INTERCHANGEABLE,
                        round(1 / (rivals + 1), 3),
                    )
                return entry
        waiting = waiting_copy(line, key)
        if waiting is not None:
            return waiting
        states = (GONE, SETTLED) if redelivered else (GONE,)
        late = handed_copy(line, key, states, scan_max)
        if late is not None:
            return late[0]
        dead = handed_copy(line, key, (DEAD_LETTERED,), scan_max)
        if dead is None:
            return None
        letter = dead[0][1].dead_letter
        died_later = (
            letter is not None
            and letter.reason in BY_HAND
            and (redelivered or not dead[0][1].attempts)
        )
        return dead[0] if died_later else None

    def _in_stream(self, line: Line, fingerprint: bytes, offset: int) -> Entry | None:
        """In a stream there is one copy with many deliveries, known by its offset."""
        known = line.offsets.get(offset)
        if known is not None and known[0].fingerprint == fingerprint:
            return known
        entry = waiting_copy(line, fingerprint)
        if entry is not None:
            entry[1].offset = offset
            line.offsets[offset] = entry
        return entry

    def _unseen(
        self, envelope: Envelope, fact: MessageDelivered, line: Line, told: list[Change]
    ) -> Entry:
        """Return a copy of a message whose publish was not observed."""
        memory = self._memory
        entry = turned_up_unseen(memory, envelope, fact, told)
        if entry is None:
            message = memory.remember_publish(envelope, fact.exchange, fact.routing_keys, fact)
            copy = LiveCopy(line.queue, INFERRED, WAITING, envelope.observed_at, envelope.position)
            copy.history = history_of(deaths_in(fact.properties.headers))
            memory.enqueue(message, copy)
            entry = (message, copy)
            told.append((ChangeKind.UNSEEN_PUBLISH, message, None, None))
        offset = _stream_offset(fact.properties.headers)
        if offset is not None:
            entry[1].offset = offset
            line.offsets[offset] = entry
        self._state.explain(entry[0], fact, stream=offset is not None, forgotten=line.overflow > 0)
        return entry

    # What it tells

    def _hand_out(
        self,
        envelope: Envelope,
        fact: MessageDelivered,
        endpoint: LinkedEndpoint,
        line: Line,
        entry: Entry,
        told: list[Change],
    ) -> None:
        memory = self._memory
        message, copy = entry
        position, channel, queue = envelope.position, fact.channel, line.queue
        endpoint.consumed += 1
        line.deliveries += 1
        attempt = LiveAttempt(
            position, envelope.observed_at, envelope.lag_ms, fact.redelivered, endpoint, channel
        )
        was = copy.state
        attempts = copy.attempts
        if was != WAITING:
            self._again(copy, attempt, was, redelivered=fact.redelivered)
        else:
            attempts.append(attempt)
            copy.state = REDELIVERED if fact.redelivered else DELIVERED
        message.version += 1
        if (
            len(message.events) < memory.limits.events_per_message_max
            and message.events[-1] != position
        ):
            message.events.append(position)
        memory.changed[message.position] = message
        if was == WAITING:
            self._left(line, entry, told)
        hands = memory.endpoints.hands.get(endpoint.number)
        hand = None if hands is None else hands.get((channel, queue))
        if hand is None:
            hand = memory.endpoints.hand(endpoint.number, channel, queue)
        unsettled = hand.unsettled
        unsettled.append((message, copy, attempt))
        told.append((COPY_DELIVERED, message, copy, attempt))
        if not hand.acks:
            self._settled_at_once(entry, attempt, told)
        if len(unsettled) > (hand.prefetch or memory.limits.unfinished_per_consumer_max):
            settle_oldest(memory, hand, told)
        self._causality.delivered(message, endpoint, queue)
        if endpoint.rank > CLIENT_NAME:
            self._hint(entry, endpoint, told)

    def _again(self, copy: LiveCopy, attempt: LiveAttempt, was: str, *, redelivered: bool) -> None:
        """Note another delivery of a copy that does not wait."""
        memory = self._memory
        release(memory, copy)
        if len(copy.attempts) < memory.limits.attempts_per_copy_max:
            copy.attempts.append(attempt)
        else:
            copy.attempts[-1] = attempt
            copy.attempts_more += 1
        if was == DEAD_LETTERED:
            return
        copy.state = REDELIVERED if redelivered or was in IN_HAND or was == SETTLED else DELIVERED
        if copy.offset is not None and not redelivered:
            copy.state = DELIVERED
        if was in (GONE, SETTLED):
            copy.cause, copy.confidence = None, 1.0
            memory.revived += 1

    def _left(self, line: Line, entry: Entry, told: list[Change]) -> None:
        """Take a copy delivered for the first time out of its queue's waiting ones."""
        memory = self._memory
        message, copy = entry
        leave(line, key_of(message.fingerprint, copy.history), entry)
        memory.left(message, line)
        order = line.order
        if order and order[0][1].seq < copy.seq:
            overtake(memory, line, copy.seq, told)
        if copy.came_from >= 0:
            worked_behind(memory, message, copy)

    def _settled_at_once(self, entry: Entry, attempt: LiveAttempt, told: list[Change]) -> None:
        message, copy = entry
        if copy.state not in IN_HAND:
            return
        was, copy.state = copy.state, SETTLED
        attempt.settled = copy.cause = NO_ACK
        told.append((ChangeKind.COPY_STATE, message, copy, was))

    def _hint(self, entry: Entry, endpoint: LinkedEndpoint, told: list[Change]) -> None:
        """Take what a delivery says of its consumer's name, as long as the client gave none itself."""
        memory = self._memory
        memory.remember_recent(endpoint, entry[0].position)
        named: list[Change] = []
        if self._rules:
            named += services.consumes(memory, self._rules, endpoint, entry[1].queue)
        if endpoint.party.evidence is None:
            services.name(memory, self._rules, endpoint, named)
        told[:0] = named


def _stream_offset(headers: Table | None) -> int | None:
    offset: Any = None if headers is None else headers.get("x-stream-offset")
    return (
        offset if isinstance(offset, int) and not isinstance(offset, bool) and offset >= 0 else None
    )
