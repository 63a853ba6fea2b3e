"""The topology as the log tells it: a fold of topology facts. Pure.

Used to drop what is known already (events of the broker come again after a reconnect), to see what a management snapshot
adds, to restate everything at the begin of a segment, and to give channels and consumers their connection's name.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from events.facts import (
    AlarmCleared,
    AlarmRaised,
    BindingCreated,
    BindingDeleted,
    ChannelClosed,
    ChannelOpened,
    ConnectionClosed,
    ConnectionOpened,
    ConsumerStarted,
    ConsumerStopped,
    ExchangeDeclared,
    ExchangeDeleted,
    Fact,
    NodeStarted,
    NodeStopped,
    PolicyCleared,
    PolicySet,
    QueueDeclared,
    QueueDeleted,
    TapsPlanned,
    VhostDeclared,
    VhostDeleted,
)
from events.values import Text, encode_extension

closed_pids_max = 10_000
connected_at_slack_ms = 2_000
"""How far the API and the event exchange may differ about when a connection opened."""

Key = tuple[object, ...]
_pack = msgspec.msgpack.Encoder(enc_hook=encode_extension).encode

_KEYS: dict[type[Fact], Callable[[Any], Key]] = {
    NodeStarted: lambda fact: (fact.node,),
    VhostDeclared: lambda fact: (fact.vhost,),
    PolicySet: lambda fact: (fact.vhost, fact.name),
    ExchangeDeclared: lambda fact: (fact.vhost, fact.name),
    QueueDeclared: lambda fact: (fact.vhost, fact.name),
    BindingCreated: lambda fact: (
        fact.vhost,
        fact.origin,
        fact.destination,
        fact.destination_kind,
        fact.binding_key,
        _pack(sorted(fact.arguments.items(), key=repr)),
    ),
    ConnectionOpened: lambda fact: (fact.name,),
    ChannelOpened: lambda fact: (fact.connection, fact.number),
    ConsumerStarted: lambda fact: (
        fact.vhost,
        fact.queue,
        fact.consumer_tag,
        fact.connection,
        fact.channel,
    ),
    AlarmRaised: lambda fact: (fact.node, fact.kind),
    TapsPlanned: lambda fact: (fact.vhost,),
}
_ENDS: dict[type[Fact], type[Fact]] = {
    NodeStopped: NodeStarted,
    VhostDeleted: VhostDeclared,
    PolicyCleared: PolicySet,
    ExchangeDeleted: ExchangeDeclared,
    QueueDeleted: QueueDeclared,
    BindingDeleted: BindingCreated,
    ConnectionClosed: ConnectionOpened,
    ChannelClosed: ChannelOpened,
    ConsumerStopped: ConsumerStarted,
    AlarmCleared: AlarmRaised,
}
TOPOLOGY = (*_KEYS, *_ENDS)
TOPOLOGY_NAMES = frozenset(kind.__name__ for kind in TOPOLOGY)


class TopologyState:
    """What stands, by kind and key. Only :meth:`apply` changes it."""

    def __init__(self) -> None:
        self._standing: dict[type[Fact], dict[Key, Fact]] = {kind: {} for kind in _KEYS}
        self._connections: dict[Text, ConnectionOpened] = {}
        self._channels: dict[Text, ChannelOpened] = {}
        self._closed: dict[Text, None] = {}

    def of(self, kind: type[Fact]) -> dict[Key, Any]:
        """Return what stands of one opening kind, such as `QueueDeclared`, by key."""
        return self._standing[kind]

    def connection(self, pid: Text) -> ConnectionOpened | None:
        """Return the connection with the broker's process id *pid*, if the broker told of it."""
        return self._connections.get(pid)

    def channel(self, pid: Text) -> ChannelOpened | None:
        """Return the channel with the broker's process id *pid*, if the broker told of it."""
        return self._channels.get(pid)

    def is_news(self, fact: Fact) -> bool:
        """Return whether *fact* says something else than the state does.

        An event of the broker about what stands already is one delivered again; differences are found by snapshot.
        """
        kind = type(fact)
        if kind in _ENDS:
            return self._key_of_end(fact) is not None
        known = self._standing[kind].get(_KEYS[kind](fact))
        if isinstance(fact, ConnectionOpened):
            return self._is_new_connection(fact, known)
        if known is None:
            return not (isinstance(fact, ChannelOpened) and fact.pid in self._closed)
        if getattr(fact, "source", "") == "event" or isinstance(fact, ChannelOpened):
            return False
        return _unsourced(known) != _unsourced(fact)

    def apply(self, fact: Fact) -> None:
        """Let *fact* change the state; facts of other kinds change nothing."""
        kind = type(fact)
        if kind in _KEYS:
            self._standing[kind][_KEYS[kind](fact)] = fact
            if isinstance(fact, ConnectionOpened) and fact.pid:
                self._connections[fact.pid] = fact
            elif isinstance(fact, ChannelOpened) and fact.pid:
                self._channels[fact.pid] = fact
        elif kind in _ENDS:
            self._end(fact)

    def restated(self) -> Iterator[Fact]:
        """Yield everything that stands, as facts to open a segment with."""
        for standing in self._standing.values():
            for fact in standing.values():
                if hasattr(fact, "source"):
                    yield msgspec.structs.replace(fact, source="restated")
                else:
                    yield fact

    def dead_letters_to(self) -> dict[tuple[Text, Text], Text | None]:
        """Return the dead-letter exchange of each queue; arguments go before policy, None where there is none."""
        return {
            (queue.vhost, queue.name): dead_letter_exchange(queue)
            for queue in self._standing[QueueDeclared].values()
            if isinstance(queue, QueueDeclared)
        }

    def _is_new_connection(self, fact: ConnectionOpened, known: Fact | None) -> bool:
        if fact.pid and fact.pid in self._closed:
            return False
        if not isinstance(known, ConnectionOpened):
            return True
        if known.pid and fact.pid:
            return known.pid != fact.pid
        if known.connected_at and fact.connected_at:
            return abs(known.connected_at - fact.connected_at) > connected_at_slack_ms
        return False

    def _key_of_end(self, fact: Fact) -> Key | None:
        begin = _ENDS[type(fact)]
        pid = getattr(fact, "pid", "")
        if isinstance(fact, ChannelClosed) and pid in self._channels:
            return _KEYS[ChannelOpened](self._channels[pid])
        key = _KEYS[begin](fact)
        known = self._standing[begin].get(key)
        if known is None or (pid and getattr(known, "pid", "") not in ("", pid)):
            return None
        return key

    def _end(self, fact: Fact) -> None:
        key = self._key_of_end(fact)
        if key is None:
            return
        ended = self._standing[_ENDS[type(fact)]].pop(key)
        match ended:
            case ConnectionOpened():
                self._forget_pid(ended.pid, self._connections)
                self._drop(ChannelOpened, lambda it: it.connection == ended.name)
                self._drop(ConsumerStarted, lambda it: it.connection == ended.name)
            case ChannelOpened():
                self._forget_pid(ended.pid, self._channels)
                here = (ended.connection, ended.number)
                self._drop(ConsumerStarted, lambda it: (it.connection, it.channel) == here)
            case QueueDeclared():
                at = (ended.vhost, ended.name)
                self._drop(ConsumerStarted, lambda it: (it.vhost, it.queue) == at)
                self._drop(BindingCreated, lambda it: _ends_at(it, at, "queue"))
            case ExchangeDeclared():
                at = (ended.vhost, ended.name)
                self._drop(BindingCreated, lambda it: (it.vhost, it.origin) == at)
                self._drop(BindingCreated, lambda it: _ends_at(it, at, "exchange"))
            case VhostDeclared():
                for kind in (PolicySet, ExchangeDeclared, QueueDeclared, BindingCreated):
                    self._drop(kind, lambda it: it.vhost == ended.vhost)
            case _:
                return

    def _drop(self, kind: type[Fact], gone: Callable[[Any], bool]) -> None:
        standing = self._standing[kind]
        for key in [key for key, fact in standing.items() if gone(fact)]:
            fact = standing.pop(key)
            if isinstance(fact, ChannelOpened):
                self._forget_pid(fact.pid, self._channels)

    def _forget_pid(self, pid: Text, known: dict[Text, Any]) -> None:
        if not pid:
            return
        known.pop(pid, None)
        if len(self._closed) >= closed_pids_max:
            del self._closed[next(iter(self._closed))]
        self._closed[pid] = None


def dead_letter_exchange(queue: QueueDeclared) -> Text | None:
    """Return where *queue* sends its dead letters; None when it has no dead-letter exchange."""
    for table, name in (
        (queue.arguments, "x-dead-letter-exchange"),
        (queue.policy, "dead-letter-exchange"),
    ):
        found = table.get(name)
        if isinstance(found, str | bytes):
            return found
    return None


def _ends_at(binding: BindingCreated, at: tuple[Text, Text], kind: str) -> bool:
    return (binding.vhost, binding.destination) == at and binding.destination_kind == kind


def _unsourced(fact: Fact) -> Fact:
    return msgspec.structs.replace(fact, source="") if hasattr(fact, "source") else fact
