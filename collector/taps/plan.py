"""What to tap, and how: queues, arguments, bindings, and which dead-letter exchanges are left alone. Pure.

A tap must not change what it observes. Its queues are bounded and drop their oldest; the only bindings on a service's
exchange are those on dead-letter exchanges where nothing can notice them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from collector.taps.choice import Choice, choice
from collector.taps.modes import FIREHOSE_KEYS
from collector.topology.policies import exchange_with_policy, queue_with_policy
from collector.topology.state import TopologyState, dead_letter_exchange
from events.facts import (
    BindingCreated,
    BindingDeleted,
    ExchangeDeclared,
    ExchangeDeleted,
    PolicyCleared,
    PolicySet,
    QueueDeclared,
    QueueDeleted,
    VhostDeleted,
)
from events.values import Text, shown

FIREHOSE, EVENTS, DEAD_LETTERS = "obs.tap.firehose", "obs.tap.events", "obs.tap.dlx"
TRACED_BEFORE = "hoptrail-traced-before"
"""The argument of a firehose tap that says that tracing was on before it was made, and is not ours to switch off."""
LEADER = "obs.tap.leader"
COMMANDS = "obs.tap.commands"
OWN_QUEUES = (FIREHOSE, EVENTS, DEAD_LETTERS, LEADER, COMMANDS)
TRACE_EXCHANGE, EVENT_EXCHANGE = "amq.rabbitmq.trace", "amq.rabbitmq.event"
HOME_VHOST = "/"
EVENT_KEYS = (
    "connection.*",
    "channel.*",
    "consumer.*",
    "queue.#",
    "exchange.*",
    "binding.*",
    "policy.*",
    "operator.policy.*",
    "vhost.#",
    "alarm.*",
    "node.*",
)
EVENTS_QUEUE_MAX = 200_000
DEAD_LETTERS_QUEUE_MAX = 200_000
BINDINGS_PER_EXCHANGE_MAX = 1_000
EVEN_NODES = 2
BEHIND_MAX = 1_000
"""Queues that are looked at behind one exchange."""
MISSING = "it does not exist"
Bind = tuple[Text, Text, dict[str, Any]]
"""Exchange, binding key, arguments."""

_MATCHES_ALL: dict[str, tuple[str, dict[str, Any]]] = {
    "topic": ("#", {}),
    "fanout": ("", {}),
    "headers": ("", {"x-match": "all"}),
}

BINDINGS_SAFE_TYPES = frozenset({"direct", *_MATCHES_ALL})
"""Types of exchanges that hand every binding its own copy, so that one more takes nothing from the others."""

PLANNED_BY = (
    ExchangeDeclared,
    ExchangeDeleted,
    QueueDeclared,
    QueueDeleted,
    BindingCreated,
    BindingDeleted,
    PolicySet,
    PolicyCleared,
    VhostDeleted,
)
"""The facts that a plan rests on."""

_CONFIRMS = (
    "publisher confirms wait for the tap queue too, which drops its oldest rather than refuse"
)
WARNINGS = {
    **dict.fromkeys(
        _MATCHES_ALL,
        f"everything published to it counts as routed, so mandatory messages are never returned; {_CONFIRMS}",
    ),
    "direct": "what is published to it with a key of its bindings or of its dead letters counts as routed, so mandatory "
    f"messages with these keys are never returned; {_CONFIRMS}",
}
"""What a binding changes for who publishes to the exchange, by its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TapQueue:
    """A queue of the tap."""

    vhost: str
    name: str
    arguments: dict[str, Any]
    bindings: tuple[Bind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingPlan:
    """Which exchanges of services in a vhost are tapped, by which bindings, and which not, and why.

    `warnings` ((exchange, what), ...) say what a binding changes for who uses the exchange, `behind` ((exchange, queue),
    ...) into which queues fall the dead letters that pass an exchange left alone.
    """

    tapped: tuple[Text, ...] = ()
    bindings: tuple[Bind, ...] = ()
    left_alone: tuple[tuple[Text, str], ...] = ()
    warnings: tuple[tuple[Text, str], ...] = ()
    behind: tuple[tuple[Text, Text], ...] = ()

    def without(self, refused: Mapping[Text, str]) -> "BindingPlan":
        """Return what is left of the plan where the broker refused some exchanges, with its reasons."""
        if refused.keys().isdisjoint(self.tapped):
            return self
        left = [(name, refused[name]) for name in self.tapped if name in refused]
        return replace(
            self,
            tapped=tuple(name for name in self.tapped if name not in refused),
            bindings=tuple(bind for bind in self.bindings if bind[0] not in refused),
            left_alone=tuple(sorted([*self.left_alone, *left], key=lambda each: shown(each[0]))),
            warnings=tuple(each for each in self.warnings if each[0] not in refused),
        )


def queue_arguments(
    version: str, *, messages_max: int, bytes_max: int | None, queue_type: str
) -> dict[str, Any]:
    """Return a tap queue's arguments for a broker of *version*; an unknown version counts as a new one.

    A delivery limit of -1 means none on 4.x and the loss of every event once returned on 3.x, where none is the default.
    """
    arguments: dict[str, Any] = {
        "x-queue-type": queue_type,
        "x-max-length": messages_max,
        "x-overflow": "drop-head",
    }
    if bytes_max is not None:
        arguments["x-max-length-bytes"] = bytes_max
    major = major_version(version)
    if queue_type == "quorum" and major >= 4:
        arguments["x-delivery-limit"] = -1
    if queue_type == "classic" and major < 4:
        arguments["x-queue-mode"] = "lazy"
    return arguments


def placed(queue: TapQueue, nodes: int) -> TapQueue:
    """Return *queue* with as many members as let it live on when any node but its own stops, in a cluster of *nodes*.

    A quorum queue needs more than half of its members. Of two that is both, so with two nodes one member outlives more;
    of three and more the broker takes three by itself.
    """
    if nodes != EVEN_NODES or queue.arguments.get("x-queue-type") != "quorum":
        return queue
    return replace(queue, arguments={**queue.arguments, "x-quorum-initial-group-size": 1})


def major_version(version: str) -> int:
    """Return the first number of *version*; 99 when there is none."""
    head = version.partition(".")[0]
    return int(head) if head.isdecimal() else 99


def firehose_queue(
    vhost: str,
    version: str,
    *,
    messages_max: int,
    bytes_max: int,
    queue_type: str,
    traced_before: bool = False,
    keys: Sequence[str] = ("#",),
) -> TapQueue:
    """Return the tap of *vhost* on the firehose by *keys*; *traced_before* only counts when it is made."""
    arguments = queue_arguments(
        version, messages_max=messages_max, bytes_max=bytes_max, queue_type=queue_type
    )
    if traced_before:
        arguments[TRACED_BEFORE] = True
    bindings: tuple[Bind, ...] = tuple((TRACE_EXCHANGE, key, {}) for key in keys)
    return TapQueue(vhost=vhost, name=FIREHOSE, arguments=arguments, bindings=bindings)


def former_keys(keys: Collection[str]) -> list[str]:
    """Return by which keys a tap may be bound to the firehose since it was in another mode than that of *keys*."""
    return sorted({key for each in FIREHOSE_KEYS.values() for key in each} - set(keys))


def events_queue(version: str, *, queue_type: str) -> TapQueue:
    """Return the tap on the event exchange, which stands in the default vhost."""
    arguments = queue_arguments(
        version, messages_max=EVENTS_QUEUE_MAX, bytes_max=None, queue_type=queue_type
    )
    bindings: tuple[Bind, ...] = tuple((EVENT_EXCHANGE, key, {}) for key in EVENT_KEYS)
    return TapQueue(vhost=HOME_VHOST, name=EVENTS, arguments=arguments, bindings=bindings)


def dead_letters_queue(
    vhost: str, version: str, *, bytes_max: int, queue_type: str, planned: BindingPlan
) -> TapQueue:
    """Return the tap on the safe dead-letter exchanges of *vhost*."""
    arguments = queue_arguments(
        version, messages_max=DEAD_LETTERS_QUEUE_MAX, bytes_max=bytes_max, queue_type=queue_type
    )
    return TapQueue(vhost=vhost, name=DEAD_LETTERS, arguments=arguments, bindings=planned.bindings)


class _Vhost:
    """What a plan looks up in one vhost, gathered once."""

    def __init__(self, state: TopologyState, vhost: Text) -> None:
        self.state = state
        self.name = vhost
        self.dying: dict[Text, list[QueueDeclared]] = {}
        self.queues: dict[Text, QueueDeclared] = {}
        self.bindings: dict[Text, list[BindingCreated]] = {}
        self.policies = [policy for policy in state.of("policy") if policy.vhost == vhost]
        for told in state.of("queue"):
            if told.vhost == vhost:
                queue = queue_with_policy(told, self.policies)
                self.queues[queue.name] = queue
                exchange = dead_letter_exchange(queue)
                if exchange is not None:
                    self.dying.setdefault(exchange, []).append(queue)
        for binding in state.of("binding"):
            if binding.vhost == vhost:
                self.bindings.setdefault(binding.origin, []).append(binding)

    def exchange(self, name: Text) -> ExchangeDeclared | None:
        found = self.state.things.get(("exchange", self.name, name))
        if not isinstance(found, ExchangeDeclared):
            return None
        return exchange_with_policy(found, self.policies)

    def keys(self, exchange: Text) -> list[Text]:
        """Return what routes a message in a direct exchange: its binding keys, and the keys of its dead letters."""
        keys = {binding.binding_key for binding in self.bindings.get(exchange, ())}
        keys |= {key for queue in self.dying.get(exchange, ()) for key in _dead_letter_keys(queue)}
        return sorted(keys, key=shown)

    def behind(self, exchange: Text) -> list[Text]:
        """Return the queues that dead letters through *exchange* may fall into."""
        if exchange == "":
            keys = {key for it in self.dying.get("", ()) for key in _dead_letter_keys(it)}
            return sorted((key for key in keys if key in self.queues), key=shown)[:BEHIND_MAX]
        found: dict[Text, None] = {}
        seen, todo = {exchange}, [exchange]
        while todo and len(seen) <= BEHIND_MAX:
            for binding in self.bindings.get(todo.pop(), ()):
                if binding.destination_kind == "queue":
                    found[binding.destination] = None
                elif binding.destination not in seen:
                    seen.add(binding.destination)
                    todo.append(binding.destination)
        return sorted(found, key=shown)[:BEHIND_MAX]


def dead_letters(
    state: TopologyState, vhost: Text, wanted: str, *, taken: Collection[Text] = ()
) -> BindingPlan:
    """Return what to do with the dead-letter exchanges of *vhost*.

    *wanted* is what ``HOPTRAIL_DEAD_LETTER_TAPS`` says, see ``choice.py``; an exchange that is not safe is never
    tapped. Those *taken* are tapped anyway by the mode, so they are tapped without another binding.
    """
    known = _Vhost(state, vhost)
    chosen = choice(wanted)
    found = _Found(known)
    for exchange in sorted(known.dying, key=shown):
        if exchange in taken:
            found.tapped.append(exchange)
        else:
            found.add(exchange, _not_wanted(chosen, exchange))
    return found.plan()


def selected(state: TopologyState, vhost: Text, exchanges: Iterable[Text]) -> BindingPlan:
    """Return what to do with the *exchanges* of *vhost* that a mode chose: the rules are those of dead-letter exchanges."""
    found = _Found(_Vhost(state, vhost))
    for exchange in sorted(set(exchanges), key=shown):
        found.add(exchange, None)
    return replace(found.plan(), behind=())


def _not_wanted(chosen: Choice, exchange: Text) -> str | None:
    if chosen.off:
        return "taps on dead-letter exchanges are off"
    if chosen.takes(exchange):
        return None
    return "excluded by name" if chosen.excludes(exchange) else "not among those named"


class _Found:
    """A plan in the making."""

    def __init__(self, known: _Vhost) -> None:
        self.tapped: list[Text] = []
        self._known = known
        self._bindings: list[Bind] = []
        self._left_alone: list[tuple[Text, str]] = []
        self._warnings: list[tuple[Text, str]] = []

    def add(self, name: Text, why_not: str | None) -> None:
        """Tap the exchange *name* unless there is a reason against it."""
        exchange = self._known.exchange(name)
        why_not = why_not or _unsafe(self._known, name, exchange)
        if exchange is None or why_not is not None:
            self._left_alone.append((name, why_not or MISSING))
            return
        self.tapped.append(name)
        self._warnings.append((name, WARNINGS[str(exchange.type)]))
        matches_all = _MATCHES_ALL.get(str(exchange.type))
        if matches_all is not None:
            self._bindings.append((name, *matches_all))
        else:
            self._bindings += [(name, key, {}) for key in self._known.keys(name)]

    def plan(self) -> BindingPlan:
        return BindingPlan(
            tapped=tuple(self.tapped),
            bindings=tuple(self._bindings),
            left_alone=tuple(self._left_alone),
            warnings=tuple(self._warnings),
            behind=tuple(
                (name, queue) for name, _ in self._left_alone for queue in self._known.behind(name)
            ),
        )


def _unsafe(known: _Vhost, name: Text, exchange: ExchangeDeclared | None) -> str | None:
    """Return why a binding on the exchange *name* would be noticed or useless; None when it is safe."""
    if name == "":
        return "the default exchange cannot be bound"
    if exchange is None:
        return MISSING
    if name in (TRACE_EXCHANGE, EVENT_EXCHANGE):
        return "it is an exchange of the broker's that the tap reads already"
    if exchange.type not in BINDINGS_SAFE_TYPES:
        return (
            f"a queue bound to an exchange of type {shown(exchange.type)} would take messages away"
        )
    if not exchange.durable:
        return "it is not durable"
    if exchange.auto_delete:
        return "it deletes itself: a binding would keep it, and letting go of it would delete it"
    if "alternate-exchange" in exchange.arguments or _alternate_by_policy(known.state, exchange):
        return "it has an alternate exchange, which a binding would keep from working"
    if any(_at_least_once(queue) for queue in known.dying.get(name, ())):
        return "a queue dead-letters at least once into it, and would wait for the tap"
    if exchange.type == "direct" and len(known.keys(name)) > BINDINGS_PER_EXCHANGE_MAX:
        return f"it has more than {BINDINGS_PER_EXCHANGE_MAX} binding keys"
    return None


def _alternate_by_policy(state: TopologyState, exchange: ExchangeDeclared) -> bool:
    if "alternate-exchange" in exchange.policy:
        return True
    policy = state.things.get(("policy", exchange.vhost, exchange.policy.get("name")))
    return isinstance(policy, PolicySet) and "alternate-exchange" in policy.definition


def _at_least_once(queue: QueueDeclared) -> bool:
    strategy = queue.arguments.get(
        "x-dead-letter-strategy", queue.policy.get("dead-letter-strategy")
    )
    return strategy == "at-least-once"


def _dead_letter_keys(queue: QueueDeclared) -> list[Text]:
    """Return the key that *queue* gives its dead letters; where it sets none they keep theirs, of which its name is one."""
    key = queue.arguments.get(
        "x-dead-letter-routing-key", queue.policy.get("dead-letter-routing-key", queue.name)
    )
    return [key] if isinstance(key, str | bytes) else []
