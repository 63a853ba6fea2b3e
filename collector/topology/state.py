"""The topology as the log tells it: a fold of topology facts. Pure.

Used to drop what is known already (events of the broker come again after a reconnect), to see what a management snapshot
adds, to restate everything at the begin of a segment, and to name the connection of a channel.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

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
    GapClosed,
    GapOpened,
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

_K = TypeVar("_K")
_V = TypeVar("_V")

EVENT = "event"
"""The source of what the event exchange told."""
ENDED_MAX = 10_000
"""Of what ended, so much is remembered, the newest."""
CONFIRMED_NS = 15_000_000_000
"""A snapshot tells a queue's policy no later than this after the queue was declared."""
CLIENTS = frozenset({"connection", "channel", "consumer"})

Key = tuple[Any, ...]
"""A kind, such as ``queue``, and what tells one of that kind from another."""

_pack = msgspec.msgpack.Encoder(enc_hook=encode_extension).encode


def _binding_key(it: BindingCreated | BindingDeleted) -> Key:
    arguments = _pack(sorted(it.arguments.items(), key=repr)) if it.arguments else b""
    return (it.vhost, it.origin, it.destination, it.destination_kind, it.binding_key, arguments)


def _consumer_key(it: ConsumerStarted | ConsumerStopped) -> Key:
    return (it.vhost, it.queue, it.consumer_tag, it.connection, it.channel)


_OPENINGS: dict[type[Fact], tuple[str, Callable[[Any], Key]]] = {
    NodeStarted: ("node", lambda it: (it.node,)),
    VhostDeclared: ("vhost", lambda it: (it.vhost,)),
    PolicySet: ("policy", lambda it: (it.vhost, it.name)),
    ExchangeDeclared: ("exchange", lambda it: (it.vhost, it.name)),
    QueueDeclared: ("queue", lambda it: (it.vhost, it.name)),
    BindingCreated: ("binding", _binding_key),
    ConnectionOpened: ("connection", lambda it: (it.name,)),
    ChannelOpened: ("channel", lambda it: (it.connection, it.number)),
    ConsumerStarted: ("consumer", _consumer_key),
    AlarmRaised: ("alarm", lambda it: (it.node, it.kind)),
    TapsPlanned: ("taps", lambda it: (it.vhost,)),
    GapOpened: ("gap", lambda it: (it.gap,)),
}
_CLOSINGS: dict[type[Fact], tuple[str, Callable[[Any], Key]]] = {
    NodeStopped: ("node", lambda it: (it.node,)),
    VhostDeleted: ("vhost", lambda it: (it.vhost,)),
    PolicyCleared: ("policy", lambda it: (it.vhost, it.name)),
    ExchangeDeleted: ("exchange", lambda it: (it.vhost, it.name)),
    QueueDeleted: ("queue", lambda it: (it.vhost, it.name)),
    BindingDeleted: ("binding", _binding_key),
    ConnectionClosed: ("connection", lambda it: (it.name,)),
    ChannelClosed: ("channel", lambda it: (it.connection, it.number)),
    ConsumerStopped: ("consumer", _consumer_key),
    AlarmCleared: ("alarm", lambda it: (it.node, it.kind)),
    GapClosed: ("gap", lambda it: (it.gap,)),
}
TOPOLOGY_NAMES = frozenset(kind.__name__ for kind in (*_OPENINGS, *_CLOSINGS))
_RESTATED = tuple(name for name, _ in _OPENINGS.values())


def opened(fact: Fact) -> Key | None:
    """Return the key of what *fact* says to stand; None for a fact that opens nothing."""
    found = _OPENINGS.get(type(fact))
    return None if found is None else (found[0], *found[1](fact))


def closed(fact: Fact) -> Key | None:
    """Return the key of what *fact* says to be gone; None for a fact that closes nothing."""
    found = _CLOSINGS.get(type(fact))
    return None if found is None else (found[0], *found[1](fact))


def with_source(fact: Fact, source: str) -> Fact:
    """Return *fact* as told by *source*; a fact without a source is returned unchanged."""
    return msgspec.structs.replace(fact, source=source) if hasattr(fact, "source") else fact


def closing(fact: Fact, source: str) -> Fact:
    """Return the fact that ends what the opening *fact* began.

    Raises:
        TypeError: *fact* opens nothing that can end.
    """
    match fact:
        case NodeStarted():
            return NodeStopped(fact.node, source)
        case VhostDeclared():
            return VhostDeleted(fact.vhost, source)
        case PolicySet():
            return PolicyCleared(fact.vhost, fact.name, source)
        case ExchangeDeclared():
            return ExchangeDeleted(fact.vhost, fact.name, source)
        case QueueDeclared():
            return QueueDeleted(fact.vhost, fact.name, source)
        case ConnectionOpened():
            return ConnectionClosed(fact.name, fact.pid, source)
        case ChannelOpened():
            return ChannelClosed(fact.connection, fact.number, fact.pid, source)
        case AlarmRaised():
            return AlarmCleared(fact.node, fact.kind, source)
        case _:
            return _closing_of_link(fact, source)


def _closing_of_link(fact: Fact, source: str) -> Fact:
    match fact:
        case BindingCreated():
            return BindingDeleted(
                fact.vhost,
                fact.origin,
                fact.destination,
                fact.destination_kind,
                fact.binding_key,
                fact.arguments,
                source,
            )
        case ConsumerStarted():
            at = (fact.connection, fact.channel)
            return ConsumerStopped(fact.vhost, fact.queue, fact.consumer_tag, *at, source)
        case _:
            raise TypeError(f"a {type(fact).__name__} does not end")


class TopologyState:
    """What stands (`things`, by key), when it was last spoken of (`touched`, ns), and when events `ended` what stood (ns).

    Only :meth:`apply` changes what is said; :meth:`confirm` notes who else said it.
    """

    def __init__(self) -> None:
        self.things: dict[Key, Any] = {}
        self.touched: dict[Key, int] = {}
        self.ended: dict[Key, int] = {}
        self._pids: dict[Text, Key] = {}
        self._closed: dict[Text, None] = {}

    def connection(self, pid: Text) -> ConnectionOpened | None:
        """Return the connection with the broker's process id *pid*, if the broker told of it."""
        found = self.things.get(self._pids.get(pid, ()))
        return found if isinstance(found, ConnectionOpened) else None

    def channel(self, pid: Text) -> ChannelOpened | None:
        """Return the channel with the broker's process id *pid*, if the broker told of it."""
        found = self.things.get(self._pids.get(pid, ()))
        return found if isinstance(found, ChannelOpened) else None

    def of(self, kind: str) -> list[Any]:
        """Return what stands of one kind, such as ``queue``."""
        return [fact for key, fact in self.things.items() if key[0] == kind]

    def is_news(self, fact: Fact) -> bool:
        """Return whether an event of the broker says something the state does not; events may come again."""
        key = opened(fact)
        if key is None:
            return self._ended_by(fact) is not None
        pid = getattr(fact, "pid", "")
        if pid and pid in self._closed:
            return False
        known = self.things.get(key)
        return known is None or (pid != "" and known.pid not in ("", pid))

    def apply(self, fact: Fact, at: int = 0) -> None:
        """Let *fact*, observed at *at* ns, change the state; facts of other kinds change nothing."""
        key = opened(fact)
        if key is not None:
            pid = getattr(fact, "pid", "")
            former = getattr(self.things.get(key), "pid", "")
            if former and former != pid:
                self._pids.pop(former, None)
            if pid:
                self._pids[pid] = key
            self.things[key] = fact
            self.touched[key] = at
            self.ended.pop(key, None)
            return
        key = self._ended_by(fact)
        if key is not None:
            self._end(key, at if getattr(fact, "source", None) == EVENT else None)

    def confirm(self, snapshot: Iterable[Fact], at: int) -> None:
        """Note which queues and exchanges a *snapshot* asked for at *at* ns tells as events did a while before.

        What was just declared may be told without its policy yet, so it stays unconfirmed.
        """
        for fact in snapshot:
            key = opened(fact)
            if key is None or not isinstance(fact, QueueDeclared | ExchangeDeclared):
                continue
            known = self.things.get(key)
            if known is None or known.source != EVENT or at - self.touched[key] < CONFIRMED_NS:
                continue
            if known == with_source(fact, EVENT):
                self.things[key] = fact

    def restated(self) -> list[Fact]:
        """Return everything that stands, as facts to open a segment with."""
        order = {kind: rank for rank, kind in enumerate(_RESTATED)}
        keys = sorted(self.things, key=lambda key: order[key[0]])
        return [with_source(self.things[key], "restated") for key in keys]

    def dead_letters_to(self) -> dict[tuple[Text, Text], Text | None]:
        """Return the dead-letter exchange of each (vhost, queue), None where there is none.

        Queues are left out whose policy the broker has not told yet, for it may give them one.
        """
        found = {(it.vhost, it.name): (it, dead_letter_exchange(it)) for it in self.of("queue")}
        return {
            place: exchange
            for place, (queue, exchange) in found.items()
            if exchange is not None or queue.source != EVENT
        }

    def _ended_by(self, fact: Fact) -> Key | None:
        key = closed(fact)
        if key is None:
            return None
        pid = getattr(fact, "pid", "")
        known = self.things.get(key)
        if known is None or (pid and known.pid not in ("", pid)):
            return None
        return key

    def _end(self, key: Key, by_event_at: int | None) -> None:
        fact = self.things.pop(key)
        self.touched.pop(key, None)
        if by_event_at is not None:
            _remember(self.ended, key, by_event_at)
        pid = getattr(fact, "pid", "")
        if pid:
            self._pids.pop(pid, None)
            _remember(self._closed, pid, None)
        depends = _dependents(fact)
        if depends is not None:
            for other in [other for other in self.things if depends(other)]:
                if other in self.things:
                    self._end(other, by_event_at)


def _remember(ended: dict[_K, _V], key: _K, value: _V) -> None:
    if len(ended) >= ENDED_MAX:
        del ended[next(iter(ended))]
    ended[key] = value


def dead_letter_exchange(queue: QueueDeclared) -> Text | None:
    """Return where *queue* sends its dead letters: its argument goes before a policy; None for nowhere."""
    for told in (
        queue.arguments.get("x-dead-letter-exchange"),
        queue.policy.get("dead-letter-exchange"),
    ):
        if isinstance(told, str | bytes):
            return told
    return None


def _dependents(fact: Fact) -> Callable[[Key], bool] | None:
    """Return what goes without a word of the broker when *fact*'s thing goes."""
    match fact:
        case ConnectionOpened():
            return lambda key: (
                (key[0] == "channel" and key[1] == fact.name)
                or (key[0] == "consumer" and key[4] == fact.name)
            )
        case ChannelOpened():
            at = (fact.connection, fact.number)
            return lambda key: key[0] == "consumer" and key[4:6] == at
        case QueueDeclared():
            queue = (fact.vhost, fact.name)
            return lambda key: (
                (key[0] == "consumer" and key[1:3] == queue)
                or (key[0] == "binding" and (key[1], key[3], key[4]) == (*queue, "queue"))
            )
        case ExchangeDeclared():
            exchange = (fact.vhost, fact.name)
            return lambda key: (
                key[0] == "binding"
                and (key[1:3] == exchange or (key[1], key[3], key[4]) == (*exchange, "exchange"))
            )
        case VhostDeclared():
            kinds = ("policy", "exchange", "queue", "binding", "taps")
            return lambda key: key[0] in kinds and key[1] == fact.vhost
        case _:
            return None
