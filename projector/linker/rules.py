"""The operator's rules for service names: which connections, or the consumers of which queues, belong to which service.

Pure. The first rule that fits counts, and it fits when each of its patterns does. In a pattern ``*`` stands for any
characters and everything else for itself, so a match takes no longer than the text is long. What is not known fits nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from events.values import Text, shown

KEYS = ("connection_name", "user", "vhost", "host", "product", "queue")
"""What the patterns of a rule may look at: of a connection, but `queue`, which goes with `vhost` alone."""
REMEMBERED_MAX = 65_536
EXPLICIT, OF_QUEUE = "explicit rule", "queue rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What fits all of *patterns*, each by what it looks at, belongs to *service*."""

    service: str
    patterns: tuple[tuple[str, str], ...]

    @property
    def is_for_queues(self) -> bool:
        """Whether it names the consumers of queues, as next to last evidence, and not connections before any other."""
        return any(key == "queue" for key, _ in self.patterns)

    @property
    def evidence(self) -> str:
        """The rule as evidence of a name."""
        told = ", ".join(f"{key}={pattern}" for key, pattern in self.patterns)
        return f"{OF_QUEUE if self.is_for_queues else EXPLICIT}: {told}"

    def fits(self, seen: Mapping[str, str]) -> bool:
        """Return whether each pattern fits what was *seen* of a connection or a queue."""
        return all(matches(pattern, seen.get(key, "")) for key, pattern in self.patterns)


def matches(pattern: str, text: str) -> bool:
    """Return whether *pattern* fits all of *text*; nothing fits the empty text."""
    first, *rest = pattern.split("*")
    if not text or not rest:
        return bool(text) and text == pattern
    last = rest.pop()
    end = len(text) - len(last)
    if end < len(first) or not text.startswith(first) or not text.endswith(last):
        return False
    at = len(first)
    for part in rest:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def of_connection(rules: Sequence[Rule], seen: Mapping[str, str]) -> Rule | None:
    """Return the first of *rules* that fits a connection of which this was *seen*."""
    for rule in rules:
        if not rule.is_for_queues and rule.fits(seen):
            return rule
    return None


class QueueRules:
    """The rules for the consumers of queues; what was found for a queue is remembered, up to a bound."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rule for rule in rules if rule.is_for_queues)
        self._found: dict[tuple[Text, Text], Rule | None] = {}

    def of(self, vhost: Text, queue: Text) -> Rule | None:
        """Return the first rule that fits *queue*."""
        if not self._rules:
            return None
        if (vhost, queue) not in self._found:
            if len(self._found) >= REMEMBERED_MAX:
                self._found.clear()
            seen = {"vhost": shown(vhost), "queue": shown(queue)}
            fitting = (rule for rule in self._rules if rule.fits(seen))
            self._found[vhost, queue] = next(fitting, None)
        return self._found[vhost, queue]


def encoded(rules: Sequence[Rule]) -> bytes:
    """Return *rules* as bytes, which are others for any other rules."""
    return msgspec.msgpack.encode([[rule.service, rule.patterns] for rule in rules])
