"""Fold envelopes through the linker into views: the one loop that replay, live following and rebuild share.

Pure. At the same position the same state comes back, whatever snapshots were used on the way.
"""

from collections.abc import Iterable, Sequence

from events.facts import Envelope, Fact
from projector.linker.linker import Linker
from projector.linker.model import ChangeHandler, FactHandler, View


class Fold:
    """The linker and the views fed by it, at one position."""

    def __init__(self, linker: Linker, views: Sequence[View]) -> None:
        self.linker = linker
        self.views = views
        self.position = 0
        self._on_fact: dict[type[Fact], list[FactHandler]] = {}
        self._on_change: list[list[ChangeHandler]] = [[] for _ in range(10)]
        for view in views:
            for kind, handler in view.on_fact().items():
                self._on_fact.setdefault(kind, []).append(handler)
            for change, change_handler in view.on_change().items():
                self._on_change[change].append(change_handler)

    def fold(self, envelopes: Iterable[Envelope]) -> None:
        """Fold *envelopes*, which continue at `position`."""
        link, on_fact, on_change = self.linker.fold, self._on_fact, self._on_change
        for envelope in envelopes:
            fact = envelope.fact
            for handler in on_fact.get(type(fact), ()):
                handler(envelope, fact)
            for kind, first, second, third in link(envelope):
                for change_handler in on_change[kind]:
                    change_handler(envelope, first, second, third)
            self.position = envelope.position + 1
