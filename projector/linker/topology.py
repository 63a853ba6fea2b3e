"""What the broker's objects are declared to be, as far as the linker needs it.

Pure. Times to live and dead-letter routes come from a queue's arguments and its effective policy, of which the arguments
win, except for the time to live, of which the smaller wins.
"""

from typing import Any

import msgspec

from events.facts import (
    BindingCreated,
    BindingDeleted,
    ConsumerStarted,
    ConsumerStopped,
    ExchangeDeclared,
    ExchangeDeleted,
    Fact,
    QueueDeclared,
    QueueDeleted,
    Table,
    VhostDeleted,
)
from events.values import Text, encode_extension

_pack = msgspec.msgpack.Encoder(enc_hook=encode_extension).encode
Place = tuple[Text, Text]


class DeclaredQueue(msgspec.Struct, array_like=True, gc=False):
    """`ttl_ms` is None without one; `dead_letter_exchange` None where a dead message is dropped.

    `transient`: it is exclusive or goes with its last consumer.
    `refuses_beyond` is the length from which on it refuses what is published to it, None where it does not.
    """

    type: Text
    ttl_ms: int | None = None
    dead_letter_exchange: Any = None
    dead_letter_key: Any = None
    priorities: bool = False
    transient: bool = False
    refuses_beyond: int | None = None


class DeclaredExchange(msgspec.Struct, array_like=True, gc=False):
    type: Text
    alternate: Any = None


class Binding(msgspec.Struct, array_like=True, gc=False):
    destination: Any
    to_queue: bool
    key: Any
    arguments: dict[Any, Any]


class Topology:
    """Declared queues, exchanges, bindings and consumers."""

    def __init__(self) -> None:
        self.queues: dict[Place, DeclaredQueue] = {}
        self.exchanges: dict[Place, DeclaredExchange] = {}
        self.bindings: dict[Place, dict[bytes, Binding]] = {}
        self.consumers: dict[Place, dict[tuple[Text, int, Text], None]] = {}

    def apply(self, fact: Fact) -> None:
        """Take over what *fact* says of the topology."""
        match fact:
            case QueueDeclared():
                self.queues[(fact.vhost, fact.name)] = _queue(fact)
            case QueueDeleted():
                self.queues.pop((fact.vhost, fact.name), None)
                self.consumers.pop((fact.vhost, fact.name), None)
                self._unbind(fact.vhost, fact.name, to_queue=True)
            case ExchangeDeclared():
                self.exchanges[(fact.vhost, fact.name)] = DeclaredExchange(
                    fact.type, _setting(fact.arguments, fact.policy, "alternate-exchange")
                )
            case ExchangeDeleted():
                self.exchanges.pop((fact.vhost, fact.name), None)
                self.bindings.pop((fact.vhost, fact.name), None)
                self._unbind(fact.vhost, fact.name, to_queue=False)
            case BindingCreated():
                bound = self.bindings.setdefault((fact.vhost, fact.origin), {})
                to_queue = fact.destination_kind == "queue"
                bound[_binding_id(fact)] = Binding(
                    fact.destination, to_queue, fact.binding_key, fact.arguments
                )
            case BindingDeleted():
                self.bindings.get((fact.vhost, fact.origin), {}).pop(_binding_id(fact), None)
            case ConsumerStarted():
                at = self.consumers.setdefault((fact.vhost, fact.queue), {})
                at[(fact.connection, fact.channel, fact.consumer_tag)] = None
            case ConsumerStopped():
                self.consumers.get((fact.vhost, fact.queue), {}).pop(
                    (fact.connection, fact.channel, fact.consumer_tag), None
                )
            case VhostDeleted():
                self._drop(fact.vhost)
            case _:
                pass

    def _unbind(self, vhost: Text, name: Text, *, to_queue: bool) -> None:
        for place, bound in self.bindings.items():
            if place[0] != vhost:
                continue
            for key in [
                key
                for key, binding in bound.items()
                if binding.destination == name and binding.to_queue == to_queue
            ]:
                del bound[key]

    def _drop(self, vhost: Text) -> None:
        for table in (self.queues, self.exchanges, self.bindings, self.consumers):
            for place in [place for place in table if place[0] == vhost]:
                del table[place]

    def save(self) -> list[Any]:
        """Return the state as builtins, in the order in which it was told."""
        return [
            [[*place, queue] for place, queue in self.queues.items()],
            [[*place, exchange] for place, exchange in self.exchanges.items()],
            [[*place, list(bound.items())] for place, bound in self.bindings.items()],
            [
                [*place, [list(consumer) for consumer in told]]
                for place, told in self.consumers.items()
            ],
        ]

    def restore(self, saved: list[Any]) -> None:
        """Take the state that :meth:`save` returned."""
        queues, exchanges, bindings, consumers = saved
        self.queues = {(row[0], row[1]): DeclaredQueue(*row[2]) for row in queues}
        self.exchanges = {(row[0], row[1]): DeclaredExchange(*row[2]) for row in exchanges}
        self.bindings = {
            (row[0], row[1]): {key: Binding(*binding) for key, binding in row[2]}
            for row in bindings
        }
        self.consumers = {
            (row[0], row[1]): dict.fromkeys(tuple(told) for told in row[2]) for row in consumers
        }


def _binding_id(fact: BindingCreated | BindingDeleted) -> bytes:
    """Return what names a binding; the order of its arguments is not part of it."""
    arguments = sorted(_pack(pair) for pair in fact.arguments.items())
    return _pack([fact.destination_kind, fact.destination, fact.binding_key, arguments])


def _queue(fact: QueueDeclared) -> DeclaredQueue:
    arguments, policy = fact.arguments, fact.policy
    ttls = [
        value
        for value in (arguments.get("x-message-ttl"), policy.get("message-ttl"))
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0
    ]
    return DeclaredQueue(
        type=fact.type,
        ttl_ms=min(ttls, default=None),
        dead_letter_exchange=_setting(arguments, policy, "dead-letter-exchange"),
        dead_letter_key=_setting(arguments, policy, "dead-letter-routing-key"),
        priorities="x-max-priority" in arguments,
        transient=fact.exclusive or fact.auto_delete,
        refuses_beyond=_refuses_beyond(arguments, policy),
    )


def _refuses_beyond(arguments: Table, policy: Table) -> int | None:
    overflow = _setting(arguments, policy, "overflow")
    if overflow not in ("reject-publish", "reject-publish-dlx"):
        return None
    lengths = [
        value
        for value in (arguments.get("x-max-length"), policy.get("max-length"))
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0
    ]
    return min(lengths, default=None)


def _setting(arguments: Table, policy: Table, name: str) -> Text | None:
    for value in (arguments.get("x-" + name), policy.get(name), arguments.get(name)):
        if isinstance(value, str | bytes):
            return value
    return None
