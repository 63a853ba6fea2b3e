"""The `project` role: follow the log, write the message index, keep snapshots.

The index and its checkpoint are saved in one step, so a kill at any instant costs only work that is done again. A start
resumes from a snapshot at or before the checkpoint; what was indexed already is folded without being written.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import structlog

from events.block import Block
from events.upcast import FactUnknown
from projector.index import Bodies, texts_of
from projector.linker.limits import Limits
from projector.projection import PROJECTION, Projection, snapshot_of
from projector.replay import Place, opened, replay, resume
from store.errors import LogDamaged, LogUnavailable
from store.follow import TailReplaced, follow
from store.patient import Patience, PatientEventLog
from store.ports import Checkpoint, EventLog, MessageIndex, SnapshotStore

SAVE_EVENTS = 5_000
SAVE_INTERVAL_S = 0.4
CATCH_UP_EVENTS = 50_000
SNAPSHOT_EVENTS = 250_000
SNAPSHOT_EVENTS_MIN = 1_000
SNAPSHOT_INTERVAL_S = 60.0
POLL_S = 0.1

log_line = structlog.get_logger("hoptrail.project")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often the projector saves: the index after so many events or at the head, snapshots more rarely.

    `catch_up_events` are those after which it saves while the head is further away than that: what changes several
    times in between is written once. Two saves at the head begin at least `save_interval_s` apart.
    """

    save_events: int = SAVE_EVENTS
    catch_up_events: int = CATCH_UP_EVENTS
    save_interval_s: float = SAVE_INTERVAL_S
    snapshot_events: int = SNAPSHOT_EVENTS
    snapshot_interval_s: float = SNAPSHOT_INTERVAL_S
    poll_s: float = POLL_S


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the projector stands: the next position, and the head's as last seen."""

    position: int
    head_position: int
    documents: int


class Projector:
    """Follows *log* and writes *index* and *snapshots*; `monotonic` tells seconds for the snapshot interval."""

    def __init__(
        self,
        log: EventLog,
        index: MessageIndex,
        snapshots: SnapshotStore | None,
        stream: str,
        *,
        monotonic: Callable[[], float],
        limits: Limits | None = None,
        pace: Pace | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._patience = Patience(_told)
        self._log = PatientEventLog(log, self._patience)
        self._index = index
        self._snapshots = snapshots
        self._stream = stream
        self._monotonic = monotonic
        self._limits = limits
        self._pace = pace or Pace()
        self._on_progress = on_progress
        self._bodies = Bodies(self._log)
        self._projection = Projection(stream, limits)
        self._place = Place()
        self._indexed = 0
        self._snapshot_position = 0
        self._snapshot_at = 0.0
        self._first = -1
        self._head_position = 0
        self.documents = 0

    @property
    def position(self) -> int:
        """The next position to fold."""
        return self._projection.position

    async def run(self, stop: asyncio.Event, *, until_head: bool = False) -> None:
        """Project until *stop* is set (or the head is reached); then save what is folded, and a snapshot.

        Raises:
            FactUnknown: an event was written by a newer hoptrail. What came before it is saved.
            LogDamaged, LogRefused, FoldFailed: the projection cannot go on.
        """
        await self._resume(None)
        while not stop.is_set():
            try:
                await self._follow(stop, until_head=until_head)
                break
            except TailReplaced as replaced:
                await self._patience.ask(self._index.clear)
                await self._resume(replaced.number)
        await self._snapshot()

    async def _resume(self, before: int | None) -> None:
        """Stand at the index's checkpoint, the index being empty if it is of another version or ahead of the log."""
        checkpoint = await self._patience.ask(self._index.checkpoint)
        version = self._projection.version
        head = await self._log.head()
        if checkpoint is not None and (
            checkpoint.version != version
            or checkpoint.position > (0 if head is None else head.next_position)
        ):
            await self._patience.ask(self._index.clear)
            checkpoint = None
        block = checkpoint.block if checkpoint is not None else 0
        self._projection, self._place = await resume(
            self._log,
            self._snapshots,
            self._stream,
            block=block if before is None else min(block, before),
            limits=self._limits,
        )
        self._snapshot_position, self._snapshot_at = self.position, self._monotonic()
        self._place = await replay(self._log, self._projection, self._place, stop_block=block)
        self._indexed = self.position
        await self._forget_retired()

    async def _follow(self, stop: asyncio.Event, *, until_head: bool) -> None:
        blocks = follow(
            self._log,
            start=self._place.block,
            after=self._place.digest,
            poll_s=self._pace.poll_s,
        )
        stopping = asyncio.create_task(stop.wait())
        try:
            while not (until_head and await self._is_at_head()):
                block = await next_unless(stopping, blocks)
                if block is None:
                    break
                await self._fold(block)
                if await self._is_due():
                    began = self._monotonic()
                    await self._save()
                    await self._snapshot_when_due()
                    if not until_head:
                        await self._gather(stopping, began)
        finally:
            stopping.cancel()
        await self._save()

    async def _gather(self, stopping: asyncio.Task[bool], since: float) -> None:
        """Leave some time between two saves, so that what changes several times in a row is written once."""
        left_s = self._pace.save_interval_s - (self._monotonic() - since)
        if left_s > 0 and self.position >= self._head_position:
            await asyncio.wait({stopping}, timeout=left_s)

    async def _fold(self, block: Block) -> None:
        try:
            envelopes = opened(block, self._place)
        except (FactUnknown, LogDamaged):
            await self._save()
            raise
        self._projection.fold.fold(envelopes)
        self._place = Place(block.number + 1, block.digest)

    async def _is_due(self) -> bool:
        """Return whether to save: with enough folded, or with nothing more to fold now."""
        far = self._head_position - self.position >= self._pace.catch_up_events
        due = self._pace.catch_up_events if far else self._pace.save_events
        return self.position - self._indexed >= due or await self._is_at_head()

    async def _is_at_head(self) -> bool:
        if self.position >= self._head_position:
            head = await self._log.head()
            self._head_position = 0 if head is None else head.next_position
        return self.position >= self._head_position

    async def _save(self) -> None:
        """Write what changed, and the checkpoint, in one step; an index that is away is waited for."""
        linker = self._projection.linker
        documents = [linker.document(message) for message in linker.take_changed()]
        if self.position == self._indexed and not documents:
            return
        new = [document for document in documents if document.position >= self._indexed]
        texts = await texts_of(new, self._bodies)
        checkpoint = Checkpoint(
            PROJECTION, self._projection.version, self.position, self._place.block
        )
        await self._patience.ask(lambda: self._index.save(documents, texts, checkpoint))
        self._indexed = self.position
        self.documents += len(documents)
        if self._on_progress is not None:
            self._on_progress(
                Progress(self.position, max(self.position, self._head_position), self.documents)
            )

    async def _snapshot_when_due(self) -> None:
        since, now = self.position - self._snapshot_position, self._monotonic()
        waited = now - self._snapshot_at >= self._pace.snapshot_interval_s
        if since >= self._pace.snapshot_events or (waited and since >= SNAPSHOT_EVENTS_MIN):
            await self._snapshot()
            await self._forget_retired()

    async def _snapshot(self) -> None:
        if self._snapshots is None or self._place.digest is None:
            return
        if self.position == self._snapshot_position:
            return
        snapshot = snapshot_of(
            self._projection, block=self._place.block, log_digest=self._place.digest
        )
        snapshots = self._snapshots
        await self._patience.ask(lambda: snapshots.save(snapshot))
        self._snapshot_position, self._snapshot_at = self.position, self._monotonic()

    async def _forget_retired(self) -> None:
        """Take the documents out of the index whose first facts retention has dropped from the log."""
        first = await self._log.first()
        if first == self._first:
            return
        self._first = first
        block = await self._log.block(first)
        if first > 0 and block is not None:
            position = block.header.first_position
            await self._patience.ask(lambda: self._index.drop_before(position))


def _told(error: LogUnavailable) -> None:
    log_line.warning("the store is away; trying until it is back", why=str(error))


async def next_unless(stopping: asyncio.Task[bool], blocks: AsyncIterator[Block]) -> Block | None:
    """Return the next of *blocks*; None as soon as *stopping* is done, also while waiting."""
    if stopping.done():
        return None
    following = asyncio.ensure_future(anext(blocks))
    await asyncio.wait((following, stopping), return_when=asyncio.FIRST_COMPLETED)
    if following.done():
        return following.result()
    following.cancel()
    await asyncio.wait((following,))
    return None


async def project(
    log: EventLog,
    index: MessageIndex,
    snapshots: SnapshotStore | None,
    stream: str,
    stop: asyncio.Event,
    *,
    monotonic: Callable[[], float],
    limits: Limits | None = None,
    pace: Pace | None = None,
) -> None:
    """Run a :class:`Projector` until *stop* is set."""
    projector = Projector(
        log,
        index,
        snapshots,
        stream,
        monotonic=monotonic,
        limits=limits,
        pace=pace,
    )
    await projector.run(stop)


async def rebuild(
    log: EventLog,
    index: MessageIndex,
    snapshots: SnapshotStore | None,
    stream: str,
    *,
    monotonic: Callable[[], float],
    limits: Limits | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> int:
    """Delete index and snapshots and make them again from the log; return the position reached.

    No other projector may run on them meanwhile.
    """
    await index.clear()
    if snapshots is not None:
        await snapshots.delete_all()
    projector = Projector(
        log,
        index,
        snapshots,
        stream,
        monotonic=monotonic,
        limits=limits,
        on_progress=on_progress,
    )
    await projector.run(asyncio.Event(), until_head=True)
    return projector.position
