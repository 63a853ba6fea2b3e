"""The views in memory of the serving process: they follow the log, and answer at any time.

Folding runs in the event loop in slices, one block or less at a time, so that requests are answered between them.
The live tail is a bounded buffer of the messages that changed; who falls out of it is told so.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self

import structlog
from msgspec import structs

from events.block import Block
from events.facts import Envelope
from projector.answering import Answers
from projector.answers import ProjectionState, StreamBehind
from projector.linker.limits import Limits
from projector.past import PastViews, position_at
from projector.projection import Projection
from projector.rebuilding import TAIL_REPLACED, Rebuilding
from projector.replay import Place, opened, replay, resume
from projector.system import NotYet, Past
from store.documents import MessageDocument
from store.errors import LogUnavailable
from store.follow import TailReplaced, follow
from store.patient import Patience, PatientEventLog
from store.ports import EventLog, SnapshotStore

SLICE_EVENTS = 500
TAIL_MAX = 10_000
TAIL_PAGE = 200
POLL_S = 0.1

log_line = structlog.get_logger("hoptrail.serve")


class LiveProjection(Answers):
    """Follows *log* from the newest snapshot on, as an async context manager; see :class:`projector.answers.LiveViews`.

    `failed` holds what stopped the following, None while it runs; the answers then stand where they were.
    """

    def __init__(
        self,
        log: EventLog,
        snapshots: SnapshotStore | None,
        stream: str,
        *,
        limits: Limits | None = None,
        poll_s: float = POLL_S,
        tail_max: int = TAIL_MAX,
    ) -> None:
        self._log = PatientEventLog(log, Patience(_told))
        self._snapshots = snapshots
        self._name = stream
        self._limits = limits
        self._poll_s = poll_s
        self._tail: deque[tuple[int, int]] = deque()  # (position folded up to, message's position)
        self._tail_max = tail_max
        self._tail_from = 0
        self._changed = asyncio.Event()
        self._still = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._aside: Rebuilding | None = None
        self._rebuild: asyncio.Task[None] | None = None
        self._past = PastViews(self._log, snapshots, stream, limits=limits, live=lambda: self)
        self.failed: BaseException | None = None

    async def __aenter__(self) -> Self:
        projection, place = await resume(
            self._log, self._snapshots, self._name, limits=self._limits
        )
        super().__init__(projection)
        await self._look_at_head()
        self._task = asyncio.create_task(self._run(place), name="live projection")
        self._task.add_done_callback(self._ended)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._past.close()
        for task in (self._task, self._rebuild):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task

    async def digests(self) -> dict[str, str]:
        """Return the digest (hex) of the linker and of each view at `position`, as a replay's proof tells them.

        A large state takes seconds; nothing is folded then, and all else is answered.
        """
        async with self._still:
            return await asyncio.to_thread(_digests, self._projection)

    def projections(self) -> Sequence[ProjectionState]:
        """Return how far each view is, with the newest rebuild, which is of all of them: they fold together."""
        told = None if self._aside is None else self._aside.told()
        return [structs.replace(state, rebuild=told) for state in super().projections()]

    def rebuild(self, *, started_at: int) -> bool:
        """Begin to fold the log again beside the views, which then switch to it; False when that is under way already.

        Until then the views answer as they are, and both take memory. *started_at* (ns UTC) is told with its progress.
        """
        if self._aside is not None and self._aside.is_running:
            return False
        monotonic = asyncio.get_running_loop().time
        aside = Rebuilding(
            self._log, self._name, self._limits, started_at=started_at, monotonic=monotonic
        )
        self._aside = aside
        self._rebuild = asyncio.create_task(self._build(aside), name="rebuild of the views")
        self._rebuild.add_done_callback(partial(self._built, aside))
        return True

    async def past(self, observed_at: int) -> Past | NotYet:
        """Return the answers as they were at *observed_at* (ns); see :meth:`projector.past.PastViews.at`."""
        return await self._past.at(observed_at)

    async def until(self, position: int) -> None:
        """Return once everything before *position* is folded.

        Raises:
            Exception: what stopped the following before.
        """
        while self.position < position:
            if self.failed is not None:
                raise self.failed
            await self._changed.wait()

    async def took(self, command: str) -> str:
        """Return once the facts of *command* are folded: "" when they were taken in, else why they were refused.

        Raises:
            Exception: what stopped the following before.
        """
        while (found := self.operators().commands.get(command)) is None:
            if self.failed is not None:
                raise self.failed
            await self._changed.wait()
        return found[1]

    async def changes(self, *, after: int) -> AsyncIterator[MessageDocument]:
        """Yield messages as they change by events beyond position *after*, without end.

        Raises:
            StreamBehind: those changes are not held (any more).
        """
        seen = after
        while True:
            if seen + 1 < self._tail_from:
                raise StreamBehind(f"changes before position {self._tail_from} are not held")
            changed, seen = self._page(seen)
            for message in changed:
                if (live := self._projection.linker.get(message)) is not None:
                    yield self._projection.linker.document(live)
            if not changed:
                if self.failed is not None:
                    raise self.failed
                await self._changed.wait()

    def _page(self, seen: int) -> tuple[list[int], int]:
        """Return the next messages that changed beyond *seen*, each once, and up to where they go."""
        later: list[tuple[int, int]] = []
        for item in reversed(self._tail):
            if item[0] <= seen:
                break
            later.append(item)
        later.reverse()
        if len(later) <= TAIL_PAGE:
            return list(dict.fromkeys(message for _, message in later)), max(
                seen, self.position - 1
            )
        end = later[TAIL_PAGE][0]  # what one slice changed stays together
        page = [item for item in later if item[0] <= end]
        return list(dict.fromkeys(message for _, message in page)), end

    async def _run(self, place: Place) -> None:
        place = await self._catch_up(place)
        while True:
            try:
                async for block in follow(
                    self._log, start=place.block, after=place.digest, poll_s=self._poll_s
                ):
                    await self._fold(block, place)
                    place = Place(block.number + 1, block.digest)
            except TailReplaced as replaced:
                place = await self._drop_back(replaced.number)

    async def _fold(self, block: Block, place: Place) -> None:
        envelopes = opened(block, place)
        for start in range(0, len(envelopes), SLICE_EVENTS):
            async with self._still:
                self._slice(envelopes[start : start + SLICE_EVENTS])
            await asyncio.sleep(0)
        if self.caught_up:
            await self._look_at_head()

    def _slice(self, envelopes: list[Envelope]) -> None:
        self._projection.fold.fold(envelopes)
        linker, tail = self._projection.linker, self._tail
        position = self.position - 1
        for message in linker.take_changed()[-self._tail_max :]:
            tail.append((position, message.position))
        while len(tail) > self._tail_max:
            self._tail_from = tail.popleft()[0] + 1
        self._switch_when_level()
        self._wake()

    async def _build(self, aside: Rebuilding) -> None:
        """Fold *aside* until it is level with the views; where it is ahead, they switch when they come there."""
        while aside.is_running:
            await aside.fold()
            self._switch_when_level()
            while aside.is_running and aside.projection.position > self.position:
                await self._changed.wait()

    def _built(self, aside: Rebuilding, task: asyncio.Task[None]) -> None:
        """Note why a rebuild ended too early; its task would keep in memory all that it has folded."""
        if aside.is_running:
            error = None if task.cancelled() else task.exception()
            aside.end("it was stopped" if error is None else str(error))
        if self._rebuild is task:
            self._rebuild = None

    def _switch_when_level(self) -> None:
        aside = self._aside
        if aside is not None and aside.is_level(self.position):
            self._projection = aside.projection
            aside.end()

    async def _drop_back(self, number: int) -> Place:
        """Begin again from a state folded before block *number*, which another has replaced."""
        if self._rebuild is not None and self._aside is not None and self._aside.is_running:
            self._aside.end(TAIL_REPLACED)
            self._rebuild.cancel()
        self._projection, place = await resume(
            self._log, self._snapshots, self._name, block=number, limits=self._limits
        )
        await self._past.forget()
        return await self._catch_up(place)

    async def _catch_up(self, place: Place) -> Place:
        """Fold up to the head without a live tail, which begins there."""
        async with self._still:
            place = await replay(self._log, self._projection, place, progress=self._folded)
        self._tail.clear()
        self._tail_from = self.position
        self._wake()
        return place

    def _folded(self, _position: int, _total: int) -> None:
        self._wake()

    async def _look_at_head(self) -> None:
        head = await self._log.head()
        if head is not None:
            self._head_position, self._head_observed_at = head.next_position, head.last_observed_at

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self.failed = task.exception()
            self._wake()

    def _wake(self) -> None:
        """Wake whoever waits for a change, once: the next wait is for the next one."""
        self._changed.set()
        self._changed = asyncio.Event()


def _digests(projection: Projection) -> dict[str, str]:
    return {name: digest.hex() for name, digest in projection.fold.save().digests().items()}


def _told(error: LogUnavailable) -> None:
    log_line.warning("the log is away; trying until it is back", why=str(error))


async def views_at(
    log: EventLog,
    snapshots: SnapshotStore | None,
    stream: str,
    *,
    position: int | None = None,
    observed_at: int | None = None,
    limits: Limits | None = None,
) -> Answers:
    """Return the answers as they were before *position*, or up to the events of *observed_at* ns.

    Raises:
        ValueError: neither or both are given, or the log no longer holds that place.
    """
    if (position is None) == (observed_at is None):
        raise ValueError("give a position or a time")
    if observed_at is not None:
        position = await position_at(log, observed_at)
    assert position is not None
    number, head = await log.block_at(position), await log.head()
    if number is None and head is not None and position < head.next_position:
        raise ValueError(f"the log no longer holds position {position}")
    projection, place = await resume(log, snapshots, stream, block=number, limits=limits)
    await replay(log, projection, place, stop_position=position)
    return Answers(projection)
