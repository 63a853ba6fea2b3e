"""The broker's objects as the facts declare them, and what a queue or exchange says of where its messages go on.

Pure. Only what topology and queue pages show is kept; a deleted object is gone at once, its traffic is not.
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
    ExchangeDeclared,
    ExchangeDeleted,
    QueueDeclared,
    QueueDeleted,
    Table,
    VhostDeleted,
)
from events.values import Text

DEFAULT_EXCHANGE = ""
QUEUE = "queue"
EXCHANGE = "exchange"

Place = tuple[Any, Any]
Destination = tuple[Any, Any, str]
Binding = tuple[Any, Any]
Consumer = tuple[Any, Any, Any, int]


class ExchangeInfo(msgspec.Struct, array_like=True):
    type: Text
    durable: bool
    auto_delete: bool
    internal: bool
    alternate: Text | None
    first: int
    arguments: Table = {}
    policy: Table = {}


class QueueInfo(msgspec.Struct, array_like=True):
    """`dead_letter_key` is None where a dead letter keeps its routing keys."""

    type: Text
    durable: bool
    auto_delete: bool
    exclusive: bool
    arguments: Table
    dead_letter_exchange: Text | None
    dead_letter_key: Text | None
    first: int
    policy: Table = {}


def told(arguments: Mapping[Any, Any], policy: Mapping[Any, Any], name: str) -> Text | None:
    """Return what an object's arguments (``x-<name>``), else its policy, say of *name*."""
    for table, key in ((arguments, "x-" + name), (arguments, name), (policy, name)):
        value = table.get(key)
        if isinstance(value, str | bytes):
            return value
    return None


class Declared(msgspec.Struct, array_like=True):
    """What exists: exchanges and queues by (vhost, name), bindings by destination, consumers by connection.

    A destination is (vhost, name, kind), a binding (origin, binding key), a consumer (vhost, queue, tag, channel).
    """

    exchanges: dict[Place, ExchangeInfo] = {}
    queues: dict[Place, QueueInfo] = {}
    bindings: dict[Destination, dict[Binding, None]] = {}
    consumers: dict[Any, dict[Consumer, None]] = {}

    def exchange_declared(self, fact: ExchangeDeclared, at: int) -> None:
        place = (fact.vhost, fact.name)
        known = self.exchanges.get(place)
        self.exchanges[place] = ExchangeInfo(
            fact.type,
            fact.durable,
            fact.auto_delete,
            fact.internal,
            told(fact.arguments, fact.policy, "alternate-exchange"),
            at if known is None else known.first,
            fact.arguments,
            fact.policy,
        )

    def exchange_deleted(self, fact: ExchangeDeleted) -> None:
        self.exchanges.pop((fact.vhost, fact.name), None)
        self.bindings.pop((fact.vhost, fact.name, EXCHANGE), None)
        for destination, bindings in list(self.bindings.items()):
            if destination[0] == fact.vhost:
                for binding in [binding for binding in bindings if binding[0] == fact.name]:
                    self._unbind(destination, binding)

    def queue_declared(self, fact: QueueDeclared, at: int) -> None:
        place = (fact.vhost, fact.name)
        known = self.queues.get(place)
        self.queues[place] = QueueInfo(
            fact.type,
            fact.durable,
            fact.auto_delete,
            fact.exclusive,
            fact.arguments,
            told(fact.arguments, fact.policy, "dead-letter-exchange"),
            told(fact.arguments, fact.policy, "dead-letter-routing-key"),
            at if known is None else known.first,
            fact.policy,
        )

    def queue_deleted(self, fact: QueueDeleted) -> None:
        self.queues.pop((fact.vhost, fact.name), None)
        self.bindings.pop((fact.vhost, fact.name, QUEUE), None)

    def bound(self, fact: BindingCreated) -> None:
        destination = (fact.vhost, fact.destination, fact.destination_kind)
        self.bindings.setdefault(destination, {})[fact.origin, fact.binding_key] = None

    def unbound(self, fact: BindingDeleted) -> None:
        destination = (fact.vhost, fact.destination, fact.destination_kind)
        self._unbind(destination, (fact.origin, fact.binding_key))

    def consumer_started(self, fact: ConsumerStarted) -> None:
        self.consumers.setdefault(fact.connection, {})[_consumer(fact)] = None

    def consumer_stopped(self, fact: ConsumerStopped) -> None:
        self._stop(fact.connection, _consumer(fact))

    def channel_closed(self, fact: ChannelClosed) -> None:
        for consumer in list(self.consumers.get(fact.connection, ())):
            if consumer[3] == fact.number:
                self._stop(fact.connection, consumer)

    def connection_closed(self, fact: ConnectionClosed) -> None:
        self.consumers.pop(fact.name, None)

    def vhost_deleted(self, fact: VhostDeleted) -> None:
        _drop_vhost(self.exchanges, fact.vhost)
        _drop_vhost(self.queues, fact.vhost)
        _drop_vhost(self.bindings, fact.vhost)
        for connection, consumers in list(self.consumers.items()):
            for consumer in [consumer for consumer in consumers if consumer[0] == fact.vhost]:
                self._stop(connection, consumer)

    def _unbind(self, destination: Destination, binding: Binding) -> None:
        bindings = self.bindings.get(destination)
        if bindings is not None:
            bindings.pop(binding, None)
            if not bindings:
                del self.bindings[destination]

    def _stop(self, connection: Text, consumer: Consumer) -> None:
        consumers = self.consumers.get(connection)
        if consumers is not None:
            consumers.pop(consumer, None)
            if not consumers:
                del self.consumers[connection]


def _consumer(fact: ConsumerStarted | ConsumerStopped) -> Consumer:
    return (fact.vhost, fact.queue, fact.consumer_tag, fact.channel)


def _drop_vhost(table: dict[Any, Any], vhost: Text) -> None:
    for key in [key for key in table if key[0] == vhost]:
        del table[key]
