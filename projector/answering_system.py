"""Answer from a projection in memory what is asked about the system: its topology, and each thing in it.

Nothing here awaits or touches a store. The topology is worked out once for each position, when it is asked for.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from events.values import Text
from projector.answers import QueueState, Relationship, Service, Topology
from projector.projection import Projection
from projector.system import (
    ChangeSeen,
    Exchange,
    ExchangeDetail,
    Instance,
    QueueDetail,
    Rates,
    ServiceDetail,
)
from projector.views import details, firsts, instances, services
from projector.views.graph import graph
from projector.views.names import queue_id
from projector.views.roles import Role, roles
from projector.views.series import series
from projector.views.stuck import Activity, activities
from projector.views.topology import TopologyState


class SystemAnswers(ABC):
    """The answers about the system of one projection."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self._drawn: tuple[Projection, int, Topology] | None = None
        self._roles: tuple[Projection, int, dict[tuple[Any, Any], Role]] | None = None
        self._activities: tuple[Projection, int, dict[tuple[Any, Any], Activity]] | None = None

    @property
    def now(self) -> int:
        """The time (ns) up to which figures are worked out: that of the last event folded."""
        return self._projection.fold.observed_at or 0

    def topology(self) -> Topology:
        projection = self._projection
        known = self._drawn
        if known is None or known[0] is not projection or known[1] != projection.position:
            drawn = graph(projection.topology.state, self.now, self.roles())
            known = self._drawn = (projection, projection.position, drawn)
        return known[2]

    def services(self) -> Sequence[Service]:
        return services.services(self._state)

    def relationships(self) -> Sequence[Relationship]:
        return services.relationships(self._state)

    def roles(self) -> dict[tuple[Any, Any], Role]:
        """Return the roles of queues that serve others, by (vhost, queue)."""
        projection = self._projection
        known = self._roles
        if known is None or known[0] is not projection or known[1] != projection.position:
            known = self._roles = (projection, projection.position, self._worked_out_roles())
        return known[2]

    def activities(self) -> dict[tuple[Any, Any], Activity]:
        """Return what happened in each queue of late, by (vhost, queue)."""
        projection = self._projection
        known = self._activities
        if known is None or known[0] is not projection or known[1] != projection.position:
            found = activities(projection.topology.state, self.now)
            known = self._activities = (projection, projection.position, found)
        return known[2]

    def service_detail(self, name: str) -> ServiceDetail | None:
        """Return a service with its connections; None where none of that name was seen."""
        return details.service_detail(self._state, self.topology(), name, self._instances, self.now)

    def exchanges(self) -> Sequence[Exchange]:
        """Return every exchange that is declared or was seen, by vhost and name."""
        return details.exchanges(self._state, self.topology(), self.now)

    def exchange_detail(self, vhost: Text, name: Text) -> ExchangeDetail | None:
        """Return one exchange; None where it is neither declared nor was seen."""
        return details.exchange_detail(self._state, self.topology(), vhost, name, self.now)

    def queue_detail(self, vhost: Text, name: Text) -> QueueDetail | None:
        """Return one queue with what is known around it, also one that is gone; None for one never heard of."""
        drawn, ident = self.topology(), queue_id(vhost, name)
        state = self.queue(vhost, name)
        if state is None and any(node.id == ident for node in drawn.nodes):
            state = self.queue_gone(vhost, name)
        return None if state is None else details.queue_detail(self._state, drawn, state, self.now)

    def rates(
        self, about: str | None, to: str | None, *, since: int, until: int, buckets: int
    ) -> Rates:
        """Return counts from *since* to before *until* (ns), of all or of a node; see ``projector/views/series.py``."""
        return series(
            self._projection.rates.state, about, to, since=since, until=until, buckets=buckets
        )

    def recent_changes(self, kinds: Sequence[str], about: str | None) -> Sequence[ChangeSeen]:
        """Return what changed, the newest first; see ``projector/views/firsts.py``."""
        state = self._projection.changes.state
        return firsts.recent(state, self._state, self.topology(), kinds, about)

    @abstractmethod
    def queue(self, vhost: Text, name: Text) -> QueueState | None: ...

    @abstractmethod
    def queue_gone(self, vhost: Text, name: Text) -> QueueState: ...

    @property
    def _state(self) -> TopologyState:
        return self._projection.topology.state

    def _instances(self, name: str) -> tuple[list[Instance], int]:
        projection = self._projection
        return instances.instances(
            self._state,
            name,
            projection.linker.endpoint,
            captured=projection.capture.state.running,
        )

    def _worked_out_roles(self) -> dict[tuple[Any, Any], Role]:
        projection, timers = self._projection, dict[tuple[Any, Any], int]()
        for group in projection.dead_letters.state.groups.values():
            if group.timer:
                place = (group.vhost, group.queue)
                timers[place] = timers.get(place, 0) + group.deaths
        linker, died = projection.linker, projection.topology.state.flows.died
        return roles(
            linker.topology,
            died=((key[0], key[1], key[3]) for key in died if key[3] is not None),
            timers=timers,
            is_worked=linker.is_worked,
        )
