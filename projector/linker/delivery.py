"""Which copy a delivery is of, and what it tells of that copy and of the one who got it.

Pure. In order: a repeat of a copy already handed out, the oldest waiting copy with the same deaths before it, a copy that
died on the way here, and at last a message whose publish was not observed. Nearly every delivery is the first of a copy
without deaths, so that one has a path of its own.
"""

from collections.abc import Sequence
from typing import Any

from events.facts import Envelope, MessageDelivered, Table
from projector.linker import services
from projector.linker.deaths import turned_up, turned_up_unseen
from projector.linker.endpoints import REUSED_AFTER_NS, Consumer, LinkedEndpoint
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
    NO_ATTEMPTS,
    REDELIVERED,
    SETTLED,
    UNKNOWN,
    WAITING,
    Change,
    ChangeKind,
    LiveAttempt,
    LiveCopy,
)
from projector.linker.rules import QueueRules, Rule
from projector.linker.services import CLIENT_NAME, QUEUE_RULE
from projector.linker.settle import NO_ACK, overtake, release, settle_oldest
from projector.linker.state import State
from projector.linker.timers import worked_behind
from projector.linker.walk import BY_HAND

COPY_DELIVERED = ChangeKind.COPY_DELIVERED
INTERCHANGEABLE = "identical copies are interchangeable"
UNSEEN = (GONE, UNKNOWN)
"""States of a copy that was not delivered as far as is known."""


class Deliveries:
    """Folds deliveries into the state of one linker."""

    def __init__(self, state: State, rules: Sequence[Rule]) -> None:
        memory = state.memory
        self._state = state
        self._memory = memory
        self._causality = state.causality
        self._rules = rules
        self._queue_rules = QueueRules(rules)
        self._consumers = memory.endpoints.consumers
        self._changed = memory.changed
        self._passed = memory.passed
        self._events_max = memory.limits.events_per_message_max

    def delivered(self, envelope: Envelope, fact: MessageDelivered) -> Sequence[Change]:
        """Fold a delivery as it comes."""
        consumer = self._consumers.get((fact.connection, fact.channel, fact.queue, fact.vhost))
        if consumer is None:
            consumer = self._meet(envelope, fact)
        headers = fact.properties.headers
        if not fact.redelivered and (
            headers is None or ("x-death" not in headers and "x-stream-offset" not in headers)
        ):
            held = consumer[1].index.get(fact.fingerprint)
            if isinstance(held, Bucket):
                if held.waiting:
                    entry = held.waiting.popleft()
                    held.handed[entry[1].seq] = entry
                    return self._first(envelope, fact, consumer, entry)
            elif held is not None and held[1].state == WAITING:
                return self._first(envelope, fact, consumer, held)
        found = self.find(envelope, fact, consumer)
        if found is None:
            self._state.held.hold(envelope, fact.fingerprint)
            return ()
        return found

    def _first(
        self, envelope: Envelope, fact: MessageDelivered, consumer: Consumer, entry: Entry
    ) -> list[Change]:
        """Hand out a copy that waited, for the first time; it has left its bucket."""
        message, copy = entry
        endpoint, line, hand = consumer
        memory = self._memory
        position = envelope.position
        attempt = LiveAttempt(
            position, envelope.observed_at, envelope.lag_ms, fact.redelivered, endpoint, fact.channel
        )  # fmt: skip
        copy.attempts, copy.cause = [attempt], None
        # From 4.0 on a dead letter keeps the mark of a redelivery, though its new queue never gave it to anybody.
        copy.state = REDELIVERED if fact.redelivered and copy.came_from < 0 else DELIVERED
        endpoint.consumed += 1
        line.deliveries += 1
        line.in_hand += 1
        line.waiting -= 1
        memory.waiting -= 1
        message.version += 1
        events = message.events
        if len(events) < self._events_max and events[-1] != position:
            events.append(position)
        self._changed[message.position] = message
        told: list[Change] = [(COPY_DELIVERED, message, copy, attempt)]
        order = line.order
        if order[0][1] is copy:
            order.popleft()
            if order and order[0][1].state != WAITING:
                memory.sweep(line)
        else:
            self._out_of_order(line, copy, told)
        if len(message.copies) == 1:
            self._passed.append((message.position, message.version))
        else:
            memory.passed_by(message)
        if message.threads or message.properties.reply_to is not None or endpoint.mover is not None:
            self._causality.delivered(message, envelope, fact, endpoint, line.queue)
        unsettled = hand.unsettled
        unsettled.append((message, copy, attempt))
        if not hand.acks:
            self._settle_at_once(consumer, entry, told)
        elif len(unsettled) > hand.limit:
            settle_oldest(memory, line, hand, told)
        if endpoint.rank > CLIENT_NAME:
            told[:0] = self._hint(entry, fact, endpoint)
        return told

    def _out_of_order(self, line: Line, copy: LiveCopy, told: list[Change]) -> None:
        """Note that a copy left before an older one."""
        self._memory.sweep(line)
        order = line.order
        if order and order[0][1].seq < copy.seq:
            overtake(self._memory, line, copy.seq, told)

    def _settle_at_once(self, consumer: Consumer, entry: Entry, told: list[Change]) -> None:
        """Settle what was given to a consumer that never acknowledges."""
        _, line, hand = consumer
        message, copy = entry
        if copy.state in IN_HAND:
            was, copy.state = copy.state, SETTLED
            copy.attempts[-1].settled = copy.cause = NO_ACK
            line.out_of_hand(copy)
            told.append((ChangeKind.COPY_STATE, message, copy, was))
        settle_oldest(self._memory, line, hand, told)

    # What is not the first delivery of a copy without deaths

    def find(
        self,
        envelope: Envelope,
        fact: MessageDelivered,
        consumer: Consumer | None = None,
        *,
        final: bool = False,
    ) -> Sequence[Change] | None:
        """Fold any delivery; None: it must wait for its publish, which may still arrive, unless it is *final*."""
        memory = self._memory
        if consumer is None:
            consumer = self._meet(envelope, fact)
        line = consumer[1]
        told: list[Change] = []
        entry = self._find(envelope, fact, line, told)
        if entry is None:
            if not final and len(memory.endpoints.nodes) > 1:
                return None
            entry = self._unseen(envelope, fact, line, told)
        if entry[1].state == WAITING:
            leave(line, key_of(fact.fingerprint, entry[1].history), entry)
            told += self._first(envelope, fact, consumer, entry)
            if entry[1].came_from >= 0:
                worked_behind(memory, *entry)
        else:
            told += self._again(envelope, fact, consumer, entry)
        return told

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
        late = handed_copy(line, key, (*UNSEEN, SETTLED) if redelivered else UNSEEN, scan_max)
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
            copy = LiveCopy(
                line.queue, INFERRED, WAITING, envelope.observed_at, envelope.position, NO_ATTEMPTS,
                history=history_of(deaths_in(fact.properties.headers)),
            )  # fmt: skip
            memory.enqueue(message, copy)
            entry = (message, copy)
            told.append((ChangeKind.UNSEEN_PUBLISH, message, None, None))
        offset = _stream_offset(fact.properties.headers)
        if offset is not None:
            entry[1].offset = offset
            line.offsets[offset] = entry
        self._state.explain(entry[0], fact, stream=offset is not None, forgotten=line.overflow > 0)
        return entry

    def _again(
        self, envelope: Envelope, fact: MessageDelivered, consumer: Consumer, entry: Entry
    ) -> list[Change]:
        """Hand out a copy that had left its queue before."""
        memory = self._memory
        message, copy = entry
        endpoint, line, hand = consumer
        attempt = LiveAttempt(
            envelope.position,
            envelope.observed_at,
            envelope.lag_ms,
            fact.redelivered,
            endpoint,
            fact.channel,
        )
        release(memory, copy)
        kept = copy.attempts
        if len(kept) >= memory.limits.attempts_per_copy_max:
            kept = kept[:-1]
            copy.attempts_more += 1
        copy.attempts = [*kept, attempt]
        was = copy.state
        if was != DEAD_LETTERED:
            repeated = fact.redelivered or (copy.offset is None and was not in UNSEEN)
            copy.state = REDELIVERED if repeated else DELIVERED
            if was not in IN_HAND and copy.seq > line.cut:
                line.in_hand += 1
        if was in (*UNSEEN, SETTLED):
            copy.cause, copy.confidence = None, 1.0
            memory.revived += was != UNKNOWN
        endpoint.consumed += 1
        line.deliveries += 1
        memory.note(message, envelope.position)
        self._causality.delivered(message, envelope, fact, endpoint, line.queue)
        told: list[Change] = [(COPY_DELIVERED, message, copy, attempt)]
        hand.unsettled.append((message, copy, attempt))
        if not hand.acks:
            self._settle_at_once(consumer, entry, told)
        elif len(hand.unsettled) > hand.limit:
            settle_oldest(memory, line, hand, told)
        if endpoint.rank > CLIENT_NAME:
            told[:0] = self._hint(entry, fact, endpoint)
        return told

    def _meet(self, envelope: Envelope, fact: MessageDelivered) -> Consumer:
        """Return who gets a delivery, from which line, and what it holds; known ones are found faster next time."""
        memory = self._memory
        endpoint = memory.endpoints.seen(fact, envelope.observed_at, REUSED_AFTER_NS)
        line = memory.line(fact.vhost, fact.queue)
        hand = memory.endpoints.hand(endpoint.number, fact.channel, line.queue)
        consumer = (endpoint, line, hand)
        if endpoint.closed_at is None:
            memory.endpoints.know((fact.connection, fact.channel, fact.queue, fact.vhost), consumer)
        return consumer

    def _hint(self, entry: Entry, fact: MessageDelivered, endpoint: LinkedEndpoint) -> list[Change]:
        """Take what a delivery says of its consumer's name, as long as the client gave none itself."""
        memory = self._memory
        if not endpoint.node:
            memory.endpoints.learn(endpoint, fact)
        memory.remember_recent(endpoint, entry[0].position)
        named: list[Change] = []
        rule = self._queue_rules.of(fact.vhost, fact.queue)
        if rule is not None:
            hinted = (QUEUE_RULE, rule.service, rule.evidence)
            named += services.hint(memory, self._rules, endpoint, *hinted)
        if endpoint.party.evidence is None:
            services.name(memory, self._rules, endpoint, named)
        return named


def _stream_offset(headers: Table | None) -> int | None:
    offset: Any = None if headers is None else headers.get("x-stream-offset")
    return (
        offset if isinstance(offset, int) and not isinstance(offset, bool) and offset >= 0 else None
    )
