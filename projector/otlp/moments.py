"""The moments of messages' lives that become spans, in the order the log tells them, kept until it is time to send them.

Pure. A moment is told by exactly one event, so what has been sent is known by a position alone: everything told before it.
Between telling and sending lies a delay, in which names, parents and deaths that come to light late still find their way in.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from events.facts import Envelope
from events.identity import position_of
from projector.linker.model import (
    ChangeHandler,
    ChangeKind,
    FactHandler,
    LiveAttempt,
    LiveCopy,
    LiveMessage,
)

NOTHING_SAVED = b""
KEPT_TRACES_MAX = 50_000

Find = Callable[[int], LiveMessage | None]


class Place(msgspec.Struct, frozen=True):
    """Where a block stands: its number and the digest of the block before."""

    block: int
    digest: bytes


class Moment(msgspec.Struct, gc=False):
    """Something that happened to *message*, told by the event at `told_at` in the block at `place`.

    `attempt` is set for a delivery of `copy`; a `copy` alone has come out of another copy's death, or (`died`) has itself
    died with nobody knowing where to. `causes` are the messages that led to a publish, as known when it was folded.
    """

    told_at: int
    observed_at: int
    place: Place
    message: LiveMessage
    copy: LiveCopy | None = None
    attempt: LiveAttempt | None = None
    died: bool = False
    causes: tuple[LiveMessage, ...] = ()


class Moments:
    """A view that keeps the moments told from position `since` on until they are taken; `find` gives messages in memory.

    `traces` holds, by position, the trace that messages were in when their first spans were taken, where they have moved to
    another since: what was sent cannot move, and what comes later has to find it. The state is not saved: after a restart
    it is folded again from where it was last emptied.
    """

    name = "otlp"
    version = "1"

    def __init__(self, stream: str, find: Find, *, since: int) -> None:
        self.since = since
        self.place = Place(0, b"")
        self.traces: dict[int, str] = {}
        self._stream = stream
        self._find = find
        self._waiting: deque[Moment] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def on_change(self) -> Mapping[ChangeKind, ChangeHandler]:
        return {
            ChangeKind.PUBLISHED: self._published,
            ChangeKind.COPY_DELIVERED: self._delivered,
            ChangeKind.COPY_ADDED: self._added,
            ChangeKind.COPY_DIED: self._died,
            ChangeKind.TRACE_CHANGED: self._moved,
        }

    def on_fact(self) -> Mapping[type[Any], FactHandler]:
        return {}

    def save(self) -> bytes:
        return NOTHING_SAVED

    def restore(self, state: bytes) -> None:
        assert state == NOTHING_SAVED
        self._waiting.clear()

    def digest(self) -> bytes:
        return NOTHING_SAVED

    def oldest(self) -> Moment | None:
        """Return the moment to be taken next."""
        return self._waiting[0] if self._waiting else None

    def take(self) -> Moment:
        """Return the oldest moment, which is kept no longer.

        Raises:
            IndexError: there is none.
        """
        return self._waiting.popleft()

    def _published(self, envelope: Envelope, message: LiveMessage, _two: Any, _three: Any) -> None:
        if envelope.position < self.since:
            return
        causes = tuple(
            found
            for link in (message.parent, *message.other_parents)
            if link is not None
            and (position := position_of(link.uid, self._stream)) is not None
            and (found := self._find(position)) is not None
        )
        self._keep(envelope, message, causes=causes)

    def _delivered(
        self, envelope: Envelope, message: LiveMessage, copy: LiveCopy, attempt: LiveAttempt
    ) -> None:
        self._keep(envelope, message, copy=copy, attempt=attempt)

    def _added(self, envelope: Envelope, message: LiveMessage, copy: LiveCopy, _three: Any) -> None:
        if copy.came_from >= 0:
            self._keep(envelope, message, copy=copy)

    def _died(self, envelope: Envelope, message: LiveMessage, copy: LiveCopy, _deaths: Any) -> None:
        if copy.dead_letter is not None and not copy.dead_letter.to_queues:
            self._keep(envelope, message, copy=copy, died=True)

    def _moved(self, envelope: Envelope, message: LiveMessage, before: str, _three: Any) -> None:
        oldest = self.oldest()
        if message.position < (envelope.position if oldest is None else oldest.told_at):
            self.traces.setdefault(message.position, before)
            if len(self.traces) > KEPT_TRACES_MAX:
                del self.traces[next(iter(self.traces))]

    def _keep(self, envelope: Envelope, message: LiveMessage, **more: Any) -> None:
        if envelope.position >= self.since:
            self._waiting.append(
                Moment(envelope.position, envelope.observed_at, self.place, message, **more)
            )
