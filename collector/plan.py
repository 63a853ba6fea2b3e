"""What to tap, and how: queues, arguments, bindings, and which dead-letter exchanges are left alone. Pure.

A tap must not change what it observes. Its queues are bounded and drop their oldest; the only bindings on a service's
exchange are those on dead-letter exchanges where nothing can notice them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from collector.topology_state import TopologyState, dead_letter_exchange
from events.facts import BindingCreated, ExchangeDeclared, PolicySet, QueueDeclared
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
    "vhost.#",
    "alarm.*",
    "node.*",
)
EVENTS_QUEUE_MAX = 200_000
DEAD_LETTERS_QUEUE_MAX = 200_000
BINDINGS_PER_EXCHANGE_MAX = 1_000
Bind = tuple[Text, Text, dict[str, Any]]
"""Exchange, binding key, arguments."""

_MATCHES_ALL: dict[str, tuple[str, dict[str, Any]]] = {
    "topic": ("#", {}),
    "fanout": ("", {}),
    "headers": ("", {"x-match": "all"}),
}

BINDINGS_SAFE_TYPES = frozenset({"direct", *_MATCHES_ALL})
"""Types of exchanges that hand every binding its own copy, so that one more takes nothing from the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TapQueue:
    """A queue of the tap."""

    vhost: str
    name: str
    arguments: dict[str, Any]
    bindings: tuple[Bind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterPlan:
    """Which dead-letter exchanges of a vhost are tapped, by which bindings, and which not, and why."""

    tapped: tuple[Text, ...] = ()
    bindings: tuple[Bind, ...] = ()
    left_alone: tuple[tuple[Text, str], ...] = field(default=())


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
) -> TapQueue:
    """Return the firehose tap of *vhost*; *traced_before* only counts when it is made."""
    arguments = queue_arguments(
        version, messages_max=messages_max, bytes_max=bytes_max, queue_type=queue_type
    )
    if traced_before:
        arguments[TRACED_BEFORE] = True
    bindings: tuple[Bind, ...] = ((TRACE_EXCHANGE, "#", {}),)
    return TapQueue(vhost=vhost, name=FIREHOSE, arguments=arguments, bindings=bindings)


def events_queue(version: str, *, queue_type: str) -> TapQueue:
    """Return the tap on the event exchange, which stands in the default vhost."""
    arguments = queue_arguments(
        version, messages_max=EVENTS_QUEUE_MAX, bytes_max=None, queue_type=queue_type
    )
    bindings: tuple[Bind, ...] = tuple((EVENT_EXCHANGE, key, {}) for key in EVENT_KEYS)
    return TapQueue(vhost=HOME_VHOST, name=EVENTS, arguments=arguments, bindings=bindings)


def dead_letters_queue(
    vhost: str, version: str, *, bytes_max: int, queue_type: str, planned: DeadLetterPlan
) -> TapQueue:
    """Return the tap on the safe dead-letter exchanges of *vhost*."""
    arguments = queue_arguments(
        version, messages_max=DEAD_LETTERS_QUEUE_MAX, bytes_max=bytes_max, queue_type=queue_type
    )
    return TapQueue(vhost=vhost, name=DEAD_LETTERS, arguments=arguments, bindings=planned.bindings)


def dead_letters(state: TopologyState, vhost: Text, wanted: str) -> DeadLetterPlan:
    """Return what to do with the dead-letter exchanges of *vhost*.

    *wanted* is ``auto``, ``off`` or names separated by commas; an exchange that is not safe is never tapped.
    """
    queues: dict[Text, list[QueueDeclared]] = {}
    for queue in state.of("queue"):
        exchange = dead_letter_exchange(queue)
        if queue.vhost == vhost and exchange is not None:
            queues.setdefault(exchange, []).append(queue)
    named = None if wanted in {"auto", "off"} else {name.strip() for name in wanted.split(",")}
    tapped: list[Text] = []
    bindings: list[Bind] = []
    left_alone: list[tuple[Text, str]] = []
    for exchange in sorted(queues, key=shown):
        known: ExchangeDeclared | None = state.things.get(("exchange", vhost, exchange))
        why = (
            "taps on dead-letter exchanges are off"
            if wanted == "off"
            else "not among those named"
            if named is not None and exchange not in named
            else unsafe(state, exchange, known, queues[exchange])
        )
        if known is None or why is not None:
            left_alone.append((exchange, why or "it does not exist"))
            continue
        tapped.append(exchange)
        bindings += _bindings(state, known, queues[exchange])
    return DeadLetterPlan(
        tapped=tuple(tapped), bindings=tuple(bindings), left_alone=tuple(left_alone)
    )


def unsafe(
    state: TopologyState,
    name: Text,
    known: ExchangeDeclared | None,
    queues: Iterable[QueueDeclared],
) -> str | None:
    """Return why a binding on the dead-letter exchange *name* would be noticed or useless; None when it is safe."""
    if name == "":
        return "the default exchange cannot be bound"
    if known is None:
        return "it does not exist"
    if name in (TRACE_EXCHANGE, EVENT_EXCHANGE):
        return "it is an exchange of the broker's that the tap reads already"
    if known.type not in BINDINGS_SAFE_TYPES:
        return f"a queue bound to an exchange of type {shown(known.type)} would take messages away"
    if not known.durable or known.auto_delete:
        return "it is not durable or deletes itself"
    if "alternate-exchange" in known.arguments or _alternate_by_policy(state, known):
        return "it has an alternate exchange, which a binding would keep from working"
    if any(_at_least_once(queue) for queue in queues):
        return "a queue dead-letters at least once into it, and would wait for the tap"
    if known.type == "direct" and len(_keys(state, known, queues)) > BINDINGS_PER_EXCHANGE_MAX:
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


def _bindings(
    state: TopologyState, exchange: ExchangeDeclared, queues: Iterable[QueueDeclared]
) -> list[Bind]:
    if isinstance(exchange.type, str) and exchange.type in _MATCHES_ALL:
        return [(exchange.name, *_MATCHES_ALL[exchange.type])]
    return [(exchange.name, key, {}) for key in _keys(state, exchange, queues)]


def _keys(
    state: TopologyState, exchange: ExchangeDeclared, queues: Iterable[QueueDeclared]
) -> list[Text]:
    """Return what a message may be routed by in a direct exchange: its binding keys, and the keys of its dead letters."""
    keys: set[Text] = set()
    for binding in state.of("binding"):
        if isinstance(binding, BindingCreated) and (binding.vhost, binding.origin) == (
            exchange.vhost,
            exchange.name,
        ):
            keys.add(binding.binding_key)
    for queue in queues:
        key = queue.arguments.get(
            "x-dead-letter-routing-key", queue.policy.get("dead-letter-routing-key", queue.name)
        )
        if isinstance(key, str | bytes):
            keys.add(key)
    return sorted(keys, key=shown)
