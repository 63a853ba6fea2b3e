"""What is connected to what: services, exchanges and queues; edges as declared and as used.

Pure. Counting an event costs one dictionary row; names, rates and shapes are worked out when asked (``graph``,
``services``). Every edge's `messages` are those that were seen on it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from events.facts import (
    BindingCreated,
    BindingDeleted,
    ChannelClosed,
    ConnectionClosed,
    ConsumerStarted,
    ConsumerStopped,
    Envelope,
    ExchangeDeclared,
    ExchangeDeleted,
    Fact,
    QueueDeclared,
    QueueDeleted,
    VhostDeleted,
)
from events.values import Text
from projector.linker.document import hidden_route
from projector.linker.model import (
    ROUTED,
    ChangeHandler,
    ChangeKind,
    Endpoint,
    FactHandler,
    LiveAttempt,
    LiveCopy,
    LiveMessage,
)
from projector.views.declared import DEFAULT_EXCHANGE, Declared
from projector.views.ends import UNSEEN, Ends
from projector.views.failures import (
    DEAD_LETTERED,
    REDELIVERED,
    UNROUTABLE,
    failed_before,
    is_failure,
    was_refused,
)
from projector.views.flows import DELIVER, PUBLISH, ROWS_MAX, Flows
from projector.views.rows import AGAIN, count, new_row, turn
from projector.views.state import StateView
from store.documents import DeadLetter


class TopologyState(msgspec.Struct, array_like=True):
    ends: Ends = msgspec.field(default_factory=Ends)
    flows: Flows = msgspec.field(default_factory=Flows)
    declared: Declared = msgspec.field(default_factory=Declared)


class TopologyView(StateView[TopologyState]):
    """The view `topology`; the tables of services and relationships are read from it too."""

    name = "topology"
    edition = 2

    def __init__(self, linker_version: str) -> None:
        super().__init__(linker_version, TopologyState)

    def on_change(self) -> Mapping[ChangeKind, ChangeHandler]:
        return {
            ChangeKind.PUBLISHED: self._published,
            ChangeKind.COPY_DELIVERED: self._delivered,
            ChangeKind.COPY_DIED: self._died,
            ChangeKind.COPY_ADDED: self._arrived,
            ChangeKind.ENDPOINT_NAMED: self._named,
            ChangeKind.ENDPOINT_CLOSED: self._closed,
        }

    def on_fact(self) -> Mapping[type[Fact], FactHandler]:
        return {
            ExchangeDeclared: lambda e, f: self.state.declared.exchange_declared(f, e.observed_at),
            ExchangeDeleted: lambda _, f: self.state.declared.exchange_deleted(f),
            QueueDeclared: lambda e, f: self.state.declared.queue_declared(f, e.observed_at),
            QueueDeleted: lambda _, f: self.state.declared.queue_deleted(f),
            BindingCreated: lambda _, f: self.state.declared.bound(f),
            BindingDeleted: lambda _, f: self.state.declared.unbound(f),
            ConsumerStarted: lambda _, f: self.state.declared.consumer_started(f),
            ConsumerStopped: lambda _, f: self.state.declared.consumer_stopped(f),
            ChannelClosed: lambda _, f: self.state.declared.channel_closed(f),
            ConnectionClosed: lambda _, f: self.state.declared.connection_closed(f),
            VhostDeleted: lambda _, f: self.state.declared.vhost_deleted(f),
        }

    def _published(self, envelope: Envelope, message: LiveMessage, _2: Any, _3: Any) -> None:
        """Count a publish. This and the next method run for every message, so they do little."""
        view, at = self.state, envelope.observed_at
        publisher = message.publisher
        if publisher is None:
            slot = UNSEEN
        else:
            slot = view.ends.slots.get(publisher.number)
            if slot is None:
                slot = self._met(publisher, at)
            view.ends.ends[publisher.number].last = at
        keys = message.routing_keys
        label = message.properties.type or (keys[0] if keys else "")
        key = (slot, message.vhost, message.exchange, message.routed_queues, label)
        row = view.flows.published.get(key)
        if row is None:
            self._make_room()
            row = view.flows.published[key] = new_row(at)
        if at >= row[3]:
            turn(row, at)
        row[0] += 1
        row[2] = at
        if not message.routed_queues and not hidden_route(message):
            self._fail(envelope, slot, PUBLISH, message.vhost, message.exchange, UNROUTABLE)

    def _delivered(
        self, envelope: Envelope, message: LiveMessage, copy: LiveCopy, attempt: LiveAttempt
    ) -> None:
        view, at = self.state, envelope.observed_at
        slots = view.ends.slots
        publisher = message.publisher
        if publisher is None:
            slot = UNSEEN
        else:
            slot = slots.get(publisher.number)
            if slot is None:
                slot = self._met(publisher, at)
        consumer = slots.get(attempt.endpoint.number)
        if consumer is None:
            consumer = self._met(attempt.endpoint, at)
        view.ends.ends[attempt.endpoint.number].last = at
        keys = message.routing_keys
        label = message.properties.type or (keys[0] if keys else "")
        key = (slot, consumer, message.vhost, copy.queue, label)
        row = view.flows.delivered.get(key)
        if row is None:
            self._make_room()
            row = view.flows.delivered[key] = new_row(at)
        if at >= row[3]:
            turn(row, at)
        if (len(copy.attempts) > 1 or copy.origin != ROUTED) and self._was_given(
            message, copy.queue, attempt, consumer
        ):
            row[AGAIN] += 1
        else:
            row[0] += 1
        row[2] = at
        if attempt.redelivered and len(copy.attempts) > 1:
            before = self.state.ends.slot(copy.attempts[-2].endpoint, at)
            self._fail(envelope, before, DELIVER, message.vhost, copy.queue, REDELIVERED)

    def _was_given(
        self, message: LiveMessage, queue: Any, attempt: LiveAttempt, consumer: int
    ) -> bool:
        """Return whether *consumer* got the message from *queue* before; a repeat is no new message."""
        slots = self.state.ends.slots
        return any(
            earlier is not attempt and slots.get(earlier.endpoint.number) == consumer
            for copy in message.copies
            if copy.queue == queue
            for earlier in copy.attempts
        )

    def _died(self, envelope: Envelope, message: LiveMessage, copy: LiveCopy, deaths: int) -> None:
        """Count deaths on the way from a queue to a dead-letter exchange; the default exchange is no stop."""
        death = copy.dead_letter
        if death is None:
            return
        if death.exchange:
            self._count_death(envelope, message, copy, death, None, deaths)
        ends, at = self.state.ends, envelope.observed_at
        if copy.attempts and was_refused(death):
            slot = ends.slot(copy.attempts[-1].endpoint, at)
            self._fail(envelope, slot, DELIVER, message.vhost, copy.queue, DEAD_LETTERED)
        if message.publisher is None or not message.publish_observed or not is_failure(death):
            return
        if not failed_before(message, copy, deaths):
            slot = ends.slot(message.publisher, at)
            self._fail(envelope, slot, PUBLISH, message.vhost, message.exchange, DEAD_LETTERED)

    def _arrived(self, envelope: Envelope, message: LiveMessage, copy: LiveCopy, _: Any) -> None:
        """Count a dead letter's arrival in a queue."""
        if not 0 <= copy.came_from < len(message.copies):
            return
        source = message.copies[copy.came_from]
        if source.dead_letter is not None:
            self._count_death(
                envelope, message, source, source.dead_letter, copy.queue, copy.arrivals
            )

    def _count_death(
        self,
        envelope: Envelope,
        message: LiveMessage,
        copy: LiveCopy,
        death: DeadLetter,
        to: Text | None,
        times: int,
    ) -> None:
        key = (message.vhost, copy.queue, death.exchange or DEFAULT_EXCHANGE, to, death.reason)
        at = envelope.observed_at
        row = self.state.flows.died.get(key)
        if row is None:
            self._make_room()
            row = self.state.flows.died[key] = new_row(at)
        if at >= row[3]:
            turn(row, at)
        row[0] += times
        row[2] = at

    def _fail(
        self, envelope: Envelope, slot: int, way: str, vhost: Text, place: Text, what: str
    ) -> None:
        """Count a publish or a delivery that did not end well."""
        key = (slot, way, vhost, place, what)
        row = self.state.flows.failed.get(key)
        if row is None:
            self._make_room()
            row = self.state.flows.failed[key] = new_row(envelope.observed_at)
        count(row, envelope.observed_at)

    def _named(self, envelope: Envelope, endpoint: Endpoint, _2: Any, _3: Any) -> None:
        self.state.ends.rename(endpoint, envelope.observed_at)
        self.state.flows.move(self.state.ends.settled())

    def _closed(self, envelope: Envelope, endpoint: Endpoint, _2: Any, _3: Any) -> None:
        self.state.ends.close(endpoint, envelope.observed_at)
        self.state.flows.move(self.state.ends.settled())

    def _met(self, endpoint: Endpoint, at: int) -> int:
        return self.state.ends.meet(endpoint, at)

    def _make_room(self) -> None:
        """Bound the tables before a row is added: rows found before are no longer theirs afterwards."""
        flows = self.state.flows
        tables = (flows.published, flows.delivered, flows.died, flows.failed)
        if max(map(len, tables)) < ROWS_MAX:
            return
        if flows.is_full():
            flows.move(self.state.ends.merged())
            flows.bound()
