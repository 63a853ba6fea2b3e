"""What was published, delivered and dead-lettered when, by service, exchange and queue; and how deep queues were.

Pure. One count for each publish, delivery and death, in the slice of its time (``slices``); series are summed when asked
for. Beyond `KEYS_MAX` ways, names made by brokers and clients become one, then all others do.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from events.facts import Envelope, Fact, QueueDeleted, QueueSampled, VhostDeleted
from events.values import Text
from projector.linker.document import hidden_route
from projector.linker.match import Line
from projector.linker.model import (
    ChangeHandler,
    ChangeKind,
    Endpoint,
    FactHandler,
    LiveAttempt,
    LiveCopy,
    LiveMessage,
)
from projector.views.depths import Depths
from projector.views.ends import UNSEEN, Ends
from projector.views.failures import is_failure, was_refused
from projector.views.flows import REST, pattern
from projector.views.slices import KEYS_MAX, Slices
from projector.views.state import StateView

PUBLISHED, UNROUTABLE, DELIVERED, REDELIVERED, DEAD_LETTERED, TIMERS = range(6)

Key = tuple[int, int, Any, Any, tuple[Any, ...]]
"""What, whose slot, vhost, exchange (of publishes) or queue, and the queues routed to or the dead-letter exchange."""


class RatesState(msgspec.Struct, array_like=True):
    ends: Ends = msgspec.field(default_factory=Ends)
    slices: Slices = msgspec.field(default_factory=Slices)
    depths: Depths = msgspec.field(default_factory=Depths)


class RatesView(StateView[RatesState]):
    """The view `rates`."""

    name = "rates"
    edition = 2

    def __init__(self, linker_version: str) -> None:
        super().__init__(linker_version, RatesState)

    def on_change(self) -> Mapping[ChangeKind, ChangeHandler]:
        return {
            ChangeKind.PUBLISHED: self._published,
            ChangeKind.COPY_DELIVERED: self._delivered,
            ChangeKind.COPY_DIED: self._died,
            ChangeKind.QUEUE_COMPARED: self._compared,
            ChangeKind.ENDPOINT_NAMED: self._named,
            ChangeKind.ENDPOINT_CLOSED: self._closed,
        }

    def on_fact(self) -> Mapping[type[Fact], FactHandler]:
        return {
            QueueSampled: lambda e, f: self.state.depths.sampled(f, e.observed_at),
            QueueDeleted: lambda _, f: self.state.depths.dropped((f.vhost, f.name)),
            VhostDeleted: self._vhost_deleted,
        }

    def _published(self, envelope: Envelope, message: LiveMessage, _2: Any, _3: Any) -> None:
        at, queues = envelope.observed_at, message.routed_queues
        slot = self._slot(message.publisher, at)
        self._count((PUBLISHED, slot, message.vhost, message.exchange, queues), at)
        if not queues and not hidden_route(message):
            self._count((UNROUTABLE, slot, message.vhost, message.exchange, ()), at)

    def _delivered(
        self, envelope: Envelope, message: LiveMessage, copy: LiveCopy, attempt: LiveAttempt
    ) -> None:
        at = envelope.observed_at
        slot = self._slot(attempt.endpoint, at)
        self._count((DELIVERED, slot, message.vhost, copy.queue, ()), at)
        if attempt.redelivered:
            self._count((REDELIVERED, slot, message.vhost, copy.queue, ()), at)

    def _died(self, envelope: Envelope, message: LiveMessage, copy: LiveCopy, deaths: int) -> None:
        death = copy.dead_letter
        if death is None:
            return
        at = envelope.observed_at
        refused = copy.attempts and was_refused(death)
        slot = self._slot(copy.attempts[-1].endpoint, at) if refused else UNSEEN
        what = DEAD_LETTERED if is_failure(death) else TIMERS
        exchange = "" if death.exchange is None else death.exchange
        self._count((what, slot, message.vhost, copy.queue, (exchange,)), at, deaths)

    def _compared(self, _: Envelope, line: Line, believed: int, _3: Any) -> None:
        self.state.depths.believed((line.vhost, line.queue), believed)

    def _vhost_deleted(self, _: Envelope, fact: VhostDeleted) -> None:
        depths = self.state.depths
        for place in [place for place in depths.queues if place[0] == fact.vhost]:
            depths.dropped(place)

    def _named(self, envelope: Envelope, endpoint: Endpoint, _2: Any, _3: Any) -> None:
        self.state.ends.rename(endpoint, envelope.observed_at)
        self._move(self.state.ends.settled())

    def _closed(self, envelope: Envelope, endpoint: Endpoint, _2: Any, _3: Any) -> None:
        self.state.ends.close(endpoint, envelope.observed_at)
        self._move(self.state.ends.settled())

    def _slot(self, endpoint: Endpoint | None, at: int) -> int:
        if endpoint is None:
            return UNSEEN
        slot = self.state.ends.slots.get(endpoint.number)
        return self.state.ends.meet(endpoint, at) if slot is None else slot

    def _count(self, key: Key, at: int, times: int = 1) -> None:
        slices = self.state.slices
        if slices.is_full and key not in slices.keys:
            self._make_room()
            slot = key[1]
            if slot != UNSEEN and not slot & 1:  # its rows may just have moved
                key = (key[0], self.state.ends.slots.get(slot // 2, slot), *key[2:])
        slices.count(key, at, times)

    def _move(self, slots: Mapping[int, int]) -> None:
        """Count what stands under a slot of *slots* under the slot it moved to."""
        if slots:
            keys = self.state.slices.keys
            self.state.slices.regroup(
                {
                    number: (key[0], slots[key[1]], *key[2:])
                    for key, number in keys.items()
                    if key[1] in slots
                }
            )

    def _make_room(self) -> None:
        """Make keys coarser until half of them are free."""
        slices = self.state.slices
        moved = self.state.ends.merged()
        slices.regroup({})
        self._move(moved)
        for coarser in (_by_family, _by_rest):
            if len(slices.keys) > KEYS_MAX // 2:
                slices.regroup({number: coarser(key) for key, number in slices.keys.items()})


def _by_family(key: Key) -> Key:
    what, slot, vhost, name, others = key
    return (what, slot, vhost, pattern(name), tuple(map(pattern, others)))


def _by_rest(key: Key) -> Key:
    what, _, vhost, _, _ = key
    rest: Text = REST
    return (what, UNSEEN, vhost, rest, ())
