"""Which policy holds for a queue or exchange that the broker has just told of, before it tells the policy itself. Pure.

An event of the broker names no policy of a new queue, and a plan should not wait for the next snapshot. This never enters
the log: it is our reckoning, and what a snapshot tells counts more.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from msgspec.structs import replace

from collector.topology.state import EVENT
from events.facts import ExchangeDeclared, PolicySet, QueueDeclared, Table
from events.values import Text

_by_type = {"classic": "classic_queues", "quorum": "quorum_queues", "stream": "streams"}


def queue_with_policy(queue: QueueDeclared, policies: Iterable[PolicySet]) -> QueueDeclared:
    """Return *queue* with the definition that *policies* of its vhost give it, if only an event told of it."""
    if queue.source != EVENT or queue.policy:
        return queue
    kinds = {"queues", "all", _by_type.get(str(queue.type), "queues")}
    return replace(queue, policy=_definition(policies, queue.name, kinds))


def exchange_with_policy(
    exchange: ExchangeDeclared, policies: Iterable[PolicySet]
) -> ExchangeDeclared:
    """Return *exchange* with the definition that *policies* of its vhost give it, if only an event told of it."""
    if exchange.source != EVENT or exchange.policy:
        return exchange
    return replace(exchange, policy=_definition(policies, exchange.name, {"exchanges", "all"}))


def _definition(policies: Iterable[PolicySet], name: Text, kinds: set[str]) -> Table:
    """Return the definition of the policy with the highest priority that matches, {} without one."""
    best: PolicySet | None = None
    for policy in policies:
        if (
            policy.apply_to in kinds
            and (best is None or policy.priority > best.priority)
            and _matches(policy.pattern, name)
        ):
            best = policy
    return {} if best is None else best.definition


def _matches(pattern: Text, name: Text) -> bool:
    """Return whether the broker's *pattern* finds itself in *name*; one that cannot be read here matches nothing."""
    compiled = _compiled(_raw(pattern))
    return compiled is not None and compiled.search(_raw(name)) is not None


@lru_cache(maxsize=1_024)
def _compiled(pattern: bytes) -> re.Pattern[bytes] | None:
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None


def _raw(text: Text) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
