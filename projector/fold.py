"""Fold envelopes through the linker into views: the one loop that replay, live following and rebuild share.

Pure. At the same position the same state comes back, whatever snapshots were used on the way.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

import msgspec

from events.facts import Envelope, Fact
from projector.linker.linker import Linker
from projector.linker.model import ChangeHandler, ChangeKind, FactHandler, View
from projector.linker.rules import encoded

LINKER = "linker"
RULES = "rules"


class FoldFailed(Exception):
    """The event at `position` could not be folded: a fault of this program, which stops the projection there."""

    def __init__(self, position: int) -> None:
        super().__init__(f"position {position} could not be folded")
        self.position = position


class FoldState(msgspec.Struct, frozen=True, array_like=True):
    """A fold at one position: the saved state of the linker (under its own name) and of each view.

    The rules that services were named by are a part too, where there are any, so that the digests tell of them.
    """

    position: int
    observed_at: int | None
    parts: dict[str, bytes]

    def digests(self) -> dict[str, bytes]:
        """Return each part's digest, as the part itself would tell it."""
        return {name: sha256(saved).digest() for name, saved in self.parts.items()}


class Fold:
    """The linker and the views fed by it, at one position; `observed_at` (ns) is that of the last event folded."""

    def __init__(self, linker: Linker, views: Sequence[View]) -> None:
        self.linker = linker
        self.views = views
        self.position = 0
        self.observed_at: int | None = None
        on_fact: dict[type[Fact], list[FactHandler]] = {}
        on_change: list[list[ChangeHandler]] = [[] for _ in ChangeKind]
        for view in views:
            for kind, handler in view.on_fact().items():
                on_fact.setdefault(kind, []).append(handler)
            for change, change_handler in view.on_change().items():
                on_change[change].append(change_handler)
        self._on_fact = {kind: tuple(handlers) for kind, handlers in on_fact.items()}
        self._on_change = tuple(map(tuple, on_change))

    def fold(self, envelopes: Iterable[Envelope]) -> None:
        """Fold *envelopes*, which continue at `position`.

        Raises:
            FoldFailed: one of them could not be folded. The fold is of no use any more.
        """
        link, facts, on_change = self.linker.fold, self._on_fact.get, self._on_change
        envelope = None
        try:
            for envelope in envelopes:
                fact = envelope.fact
                for handler in facts(type(fact), ()):
                    handler(envelope, fact)
                for kind, first, second, third in link(envelope):
                    for change_handler in on_change[kind]:
                        change_handler(envelope, first, second, third)
        except Exception as error:
            raise FoldFailed(-1 if envelope is None else envelope.position) from error
        if envelope is not None:
            self.position = envelope.position + 1
            self.observed_at = envelope.observed_at

    def save(self) -> FoldState:
        """Return the state; what the linker's ``take_changed`` has not yet given is not part of it."""
        parts = {LINKER: self.linker.save()}
        parts.update((view.name, view.save()) for view in self.views)
        if self.linker.rules:
            parts[RULES] = encoded(self.linker.rules)
        return FoldState(self.position, self.observed_at, parts)

    def restore(self, state: FoldState) -> None:
        """Take the state that `save` of a fold with the same linker and views returned."""
        self.linker.restore(state.parts[LINKER])
        for view in self.views:
            view.restore(state.parts[view.name])
        self.position, self.observed_at = state.position, state.observed_at
