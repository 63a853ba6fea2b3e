"""Answer from a projection in memory: what API and CLI ask of the views, at the position it stands.

Nothing here awaits or touches a store. Names, rates and contents are worked out when asked.
"""

from collections.abc import Sequence

from events.identity import position_of
from projector.answers import (
    Capture,
    ProjectionState,
    Relationship,
    Service,
    Topology,
)
from projector.projection import Projection
from projector.views import services
from projector.views.graph import graph
from store.documents import MessageDocument

NS_PER_S = 1_000_000_000


class Answers:
    """The answers of one projection; `head` tells how far the log goes, where that is known to be further."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self._head_position = projection.position
        self._head_observed_at = projection.fold.observed_at

    @property
    def stream(self) -> str:
        return self._projection.stream

    @property
    def position(self) -> int:
        """The next position to fold: everything before it is in the answers."""
        return self._projection.position

    @property
    def observed_at(self) -> int | None:
        """When the last event folded was observed (ns); None before the first."""
        return self._projection.fold.observed_at

    @property
    def caught_up(self) -> bool:
        return self.position >= self._head_position

    @property
    def lag_s(self) -> float:
        """How far behind the head of the log the answers are, in seconds of observed time."""
        head, mine = self._head_observed_at, self.observed_at
        if self.caught_up or head is None:
            return 0.0
        return max(0, head - (mine or head)) / NS_PER_S

    def topology(self) -> Topology:
        return graph(self._projection.topology.state, self.observed_at or 0)

    def services(self) -> Sequence[Service]:
        return services.services(self._projection.topology.state)

    def relationships(self) -> Sequence[Relationship]:
        return services.relationships(self._projection.topology.state)

    def capture(self) -> Capture:
        return self._projection.capture.answer(self.position, self.observed_at)

    def projections(self) -> Sequence[ProjectionState]:
        """Return how far each view is. They fold together, so all are at one position."""
        return [
            ProjectionState(name, version, self.position, self.caught_up, self.lag_s)
            for name, version in sorted(self._projection.versions.items())
        ]

    def message(self, uid: str) -> MessageDocument | None:
        """Return a message that the linker still holds; None otherwise."""
        position = position_of(uid, self.stream)
        message = None if position is None else self._projection.linker.get(position)
        return None if message is None else self._projection.linker.document(message)
