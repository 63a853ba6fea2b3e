"""The queues there are, with the broker's own depths; what waits in them is asked of the linker when shown.

Pure. The linker keeps the copies of each queue in order anyway, so that nothing has to be counted twice.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from events.facts import Envelope, Fact, QueueDeclared, QueueDeleted, QueueSampled, VhostDeleted
from projector.linker.model import ChangeHandler, ChangeKind, FactHandler
from projector.views.state import StateView

QUEUES_MAX = 20_000


class Sample(msgspec.Struct, array_like=True):
    """The broker's own depths of one queue, as told last."""

    ready: int
    unacked: int
    at: int


class QueuesState(msgspec.Struct, array_like=True):
    """By (vhost, queue); None: not sampled yet."""

    samples: dict[tuple[Any, Any], Sample | None] = {}


class QueuesView(StateView[QueuesState]):
    """The view `queues`."""

    name = "queues"
    edition = 2

    def __init__(self, linker_version: str) -> None:
        super().__init__(linker_version, QueuesState)

    def on_change(self) -> Mapping[ChangeKind, ChangeHandler]:
        return {}

    def on_fact(self) -> Mapping[type[Fact], FactHandler]:
        return {
            QueueDeclared: self._declared,
            QueueDeleted: self._deleted,
            QueueSampled: self._sampled,
            VhostDeleted: self._vhost_deleted,
        }

    def _declared(self, _: Envelope, fact: QueueDeclared) -> None:
        samples = self.state.samples
        if (fact.vhost, fact.name) not in samples:
            self._make_room()
            samples[fact.vhost, fact.name] = None

    def _deleted(self, _: Envelope, fact: QueueDeleted) -> None:
        self.state.samples.pop((fact.vhost, fact.name), None)

    def _sampled(self, envelope: Envelope, fact: QueueSampled) -> None:
        self._make_room()
        self.state.samples[fact.vhost, fact.queue] = Sample(
            fact.ready, fact.unacked, envelope.observed_at
        )

    def _vhost_deleted(self, _: Envelope, fact: VhostDeleted) -> None:
        for place in [place for place in self.state.samples if place[0] == fact.vhost]:
            del self.state.samples[place]

    def _make_room(self) -> None:
        """Forget a tenth of the queues, those met first, once there are too many."""
        samples = self.state.samples
        if len(samples) >= QUEUES_MAX:
            for place in list(samples)[: QUEUES_MAX // 10]:
                del samples[place]
