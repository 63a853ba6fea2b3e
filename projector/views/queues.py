"""What is believed to wait in each queue, in order, without dequeuing anything; beside the broker's own depths.

Pure. A queue's contents map a copy's number in the queue to twice its message's position, plus one if it was handed out
and is not known to be settled. Everything else about a copy is asked of the linker when contents are shown.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from events.facts import Envelope, Fact, QueueDeclared, QueueDeleted, QueueSampled, VhostDeleted
from events.values import Text
from projector.linker.model import (
    DELIVERED,
    REDELIVERED,
    WAITING,
    ChangeHandler,
    ChangeKind,
    FactHandler,
    LiveAttempt,
    LiveCopy,
    LiveMessage,
)
from projector.views import state

QUEUES_MAX = 20_000
IN_HAND = (DELIVERED, REDELIVERED)


class Held(msgspec.Struct, array_like=True):
    """One queue. `let_go` counts waiting copies beyond the linker's memory; None in a sample: not sampled yet."""

    contents: dict[int, int] = {}
    waiting: int = 0
    handed_out: int = 0
    let_go: int = 0
    published: int = 0
    deliveries: int = 0
    dead_lettered: int = 0
    ready: int | None = None
    unacked: int | None = None
    sampled_at: int | None = None


class QueuesState(msgspec.Struct, array_like=True):
    queues: dict[tuple[Any, Any], Held] = {}


_unpack = state.unpacker(QueuesState).decode


class QueuesView:
    """The view `queues`."""

    name = "queues"

    def __init__(self, linker_version: str) -> None:
        self.version = f"1+{linker_version}"
        self.state = QueuesState()

    def on_change(self) -> Mapping[ChangeKind, ChangeHandler]:
        return {
            ChangeKind.PUBLISHED: self._published,
            ChangeKind.UNSEEN_PUBLISH: self._placed,
            ChangeKind.COPY_ADDED: self._added,
            ChangeKind.COPY_DELIVERED: self._delivered,
            ChangeKind.COPY_DIED: self._died,
            ChangeKind.COPY_STATE: self._changed,
            ChangeKind.MESSAGE_FORGOTTEN: self._forgotten,
        }

    def on_fact(self) -> Mapping[type[Fact], FactHandler]:
        return {
            QueueDeclared: self._declared,
            QueueDeleted: self._deleted,
            QueueSampled: self._sampled,
            VhostDeleted: self._vhost_deleted,
        }

    def save(self) -> bytes:
        return state.pack(self.state)

    def restore(self, state: bytes) -> None:
        self.state = _unpack(state)

    def digest(self) -> bytes:
        return state.digest(self.save())

    def contents(self, vhost: Text, name: Text) -> Iterator[tuple[int, int, bool]] | None:
        """Return (number in the queue, message's position, handed out) in queue order; None for an unknown queue."""
        held = self.state.queues.get((vhost, name))
        if held is None:
            return None
        return (
            (number, held.contents[number] >> 1, bool(held.contents[number] & 1))
            for number in sorted(held.contents)
        )

    # Changes. The first runs for every message, so it does little.

    def _published(self, _: Envelope, message: LiveMessage, _2: Any, _3: Any) -> None:
        queues, vhost, place = self.state.queues, message.vhost, message.position << 1
        for copy in message.copies:
            if copy.came_from >= 0:
                continue  # it is told of by a change of its own
            held = queues.get((vhost, copy.queue))
            if held is None:
                held = self._queue(vhost, copy.queue)
            held.contents[copy.seq] = place
            held.waiting += 1
            held.published += 1

    def _placed(self, _: Envelope, message: LiveMessage, _2: Any, _3: Any) -> None:
        for copy in message.copies:
            if copy.came_from < 0:
                self._added(_, message, copy, None)

    def _added(self, _: Envelope, message: LiveMessage, copy: LiveCopy, _3: Any) -> None:
        held = self._queue(message.vhost, copy.queue)
        held.published += copy.arrivals
        _place(held, message, copy)

    def _delivered(
        self, _: Envelope, message: LiveMessage, copy: LiveCopy, _3: LiveAttempt
    ) -> None:
        held = self.state.queues.get((message.vhost, copy.queue))
        if held is None:
            held = self._queue(message.vhost, copy.queue)
        held.deliveries += 1
        was = held.contents.get(copy.seq)
        if was is not None and not was & 1 and copy.state in IN_HAND:
            held.contents[copy.seq] = was | 1
            held.waiting -= 1
            held.handed_out += 1
        else:
            _place(held, message, copy)

    def _died(self, _: Envelope, message: LiveMessage, copy: LiveCopy, deaths: int) -> None:
        held = self._queue(message.vhost, copy.queue)
        held.dead_lettered += deaths
        _place(held, message, copy)

    def _changed(self, _: Envelope, message: LiveMessage, copy: LiveCopy, _3: Any) -> None:
        held = self.state.queues.get((message.vhost, copy.queue))
        if held is not None:
            _place(held, message, copy)

    def _forgotten(self, _: Envelope, message: LiveMessage, _2: Any, _3: Any) -> None:
        for copy in message.copies:
            held = self.state.queues.get((message.vhost, copy.queue))
            if held is not None and (was := _take_out(held, copy.seq)) is not None and not was & 1:
                held.let_go += 1

    # Facts

    def _declared(self, _: Envelope, fact: QueueDeclared) -> None:
        self._queue(fact.vhost, fact.name)

    def _deleted(self, _: Envelope, fact: QueueDeleted) -> None:
        self.state.queues.pop((fact.vhost, fact.name), None)

    def _sampled(self, envelope: Envelope, fact: QueueSampled) -> None:
        held = self._queue(fact.vhost, fact.queue)
        held.ready, held.unacked, held.sampled_at = fact.ready, fact.unacked, envelope.observed_at
        if not fact.ready:
            held.let_go = 0

    def _vhost_deleted(self, _: Envelope, fact: VhostDeleted) -> None:
        for place in [place for place in self.state.queues if place[0] == fact.vhost]:
            del self.state.queues[place]

    def _queue(self, vhost: Text, name: Text) -> Held:
        queues = self.state.queues
        held = queues.get((vhost, name))
        if held is None:
            if len(queues) >= QUEUES_MAX:
                self._make_room()
            held = queues[vhost, name] = Held()
        return held

    def _make_room(self) -> None:
        """Forget a tenth of the queues, those met first, empty ones before the others."""
        queues = self.state.queues
        empty = [place for place, held in queues.items() if not held.contents]
        for place in (empty or list(queues))[: QUEUES_MAX // 10]:
            del queues[place]


def _place(held: Held, message: LiveMessage, copy: LiveCopy) -> None:
    """Let *held* say of *copy* what its state says now."""
    _take_out(held, copy.seq)
    if copy.state == WAITING:
        held.contents[copy.seq] = message.position << 1
        held.waiting += 1
    elif copy.state in IN_HAND:
        held.contents[copy.seq] = message.position << 1 | 1
        held.handed_out += 1


def _take_out(held: Held, number: int) -> int | None:
    was = held.contents.pop(number, None)
    if was is not None:
        if was & 1:
            held.handed_out -= 1
        else:
            held.waiting -= 1
    return was
