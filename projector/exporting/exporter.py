"""The `otlp` role: follow the log, send the spans of what it shows, and remember durably how far that has come.

Spans go out in the order of the events that tell them, each once its event is as old as the delay. So how far the export
has come is a position, saved after every request: a kill at any instant sends again the spans of one request at most, with
the same ids, and leaves none out. While the receiver is away the log is read no further than memory allows; the rest is
kept there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import msgspec
import structlog

from events.block import Block
from events.upcast import FactUnknown
from projector.collecting import collect_rarely
from projector.exporting.beginning import is_of, point_at
from projector.exporting.sender import Sender, Stopped
from projector.fold import Fold
from projector.linker.limits import Limits
from projector.linker.linker import Linker
from projector.otlp.model import Span
from projector.otlp.moments import Moment, Moments
from projector.otlp.moments import Place as BlockPlace
from projector.otlp.places import Places
from projector.otlp.spans import spans_of
from projector.replay import Place, opened, resume
from store.errors import LogDamaged, LogUnavailable
from store.follow import TailReplaced, follow
from store.patient import Patience, PatientEventLog
from store.ports import EventLog, ExportPoint, ExportPoints, SnapshotStore

SLICE_EVENTS = 500
REQUEST_SPANS = 512
WAITING_MOMENTS_MAX = 50_000
DELAY_S = 5.0
POLL_S = 0.1
LOOK_S = 0.2
IDLE_SAVE_S = 5.0
TELL_S = 60.0
NS = 1_000_000_000

log_line = structlog.get_logger("hoptrail.otlp")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPace:
    """How the exporter goes: spans are sent `delay_s` after their event, up to `request_spans` of them in a request.

    Beyond `waiting_max` moments the oldest are sent before their delay is over.
    """

    delay_s: float = DELAY_S
    request_spans: int = REQUEST_SPANS
    waiting_max: int = WAITING_MOMENTS_MAX
    poll_s: float = POLL_S
    idle_save_s: float = IDLE_SAVE_S


class Exporter:
    """Sends the spans of *log* by *sender*, beginning at *point*; `monotonic` tells seconds.

    *snapshots* are the projector's, read to begin near the point instead of at the first event; they may be missing.
    """

    def __init__(
        self,
        log: EventLog,
        snapshots: SnapshotStore | None,
        points: ExportPoints,
        sender: Sender,
        point: ExportPoint,
        *,
        monotonic: Callable[[], float],
        limits: Limits | None = None,
        pace: ExportPace | None = None,
    ) -> None:
        self._patience = Patience(_told)
        self._log = PatientEventLog(log, self._patience)
        self._snapshots = snapshots
        self._points = points
        self._sender = sender
        self._monotonic = monotonic
        self._limits = limits
        self._pace = pace or ExportPace()
        self._stopping = asyncio.Event()
        self._saved_at = self._told_at = self._folded_at = 0.0
        self.point = point
        self._start_fold(Linker(point.stream, limits), Place())

    def _start_fold(self, linker: Linker, place: Place, position: int = 0) -> None:
        """Fold on from *place*, where *linker* stands at *position*, and keep what is told from the point on."""
        stream = self.point.stream
        self._place = place
        self._linker = linker
        self._moments = Moments(stream, linker.get, since=self.point.position)
        self._moments.place = BlockPlace(self.point.block, self.point.log_digest)
        self._places = Places(
            stream, linker.get, begin=self.point.begin, traces=self._moments.traces
        )
        self._fold = Fold(linker, (self._moments,))
        self._fold.position = position

    @property
    def waiting(self) -> int:
        """How many moments were read and not yet sent."""
        return len(self._moments)

    async def run(self, stop: asyncio.Event, *, until_head: bool = False) -> None:
        """Export until *stop* is set; or up to the head as it is now, without waiting for the delay.

        Raises:
            Fenced: another exporter sends the same.
            FactUnknown: an event was written by a newer hoptrail. What came before it is sent.
            LogDamaged, LogRefused, FoldFailed: the export cannot go on.
        """
        collect_rarely()
        self._stopping = stop
        await self._check_log()
        head = await self._log.head()
        end = (0 if head is None else head.next_position) if until_head else None
        await self._resume(None)
        while not stop.is_set():
            try:
                await self._follow(end)
                await self._save_idle()
                break
            except Stopped:
                break
            except TailReplaced as replaced:
                await self._drop_back(replaced.number)
        self._tell()

    # Where it stands

    async def _check_log(self) -> None:
        """Begin anew where the log is another one; go on behind what retention has dropped before it was sent."""
        point, first = self.point, await self._log.first()
        block = await self._log.block(first)
        first_position = 0 if block is None else block.header.first_position
        if not await is_of(point, self._log):
            log_line.warning(
                "this is another log than the one exported before; it is exported whole"
            )
            head = await self._log.head()
            stream = point.stream if head is None else head.stream
            await self._move(await point_at(self._log, point.name, stream, first_position))
        elif point.position < first_position:
            lost = first_position - point.position
            log_line.warning("retention dropped events before they were exported", events=lost)
            await self._go_on_at(first_position)

    async def _go_on_at(self, position: int) -> None:
        there = await point_at(self._log, self.point.name, self.point.stream, position)
        await self._move(
            msgspec.structs.replace(
                there,
                begin=min(self.point.begin, position),
                sent=self.point.sent,
                rejected=self.point.rejected,
            )
        )

    async def _drop_back(self, number: int) -> None:
        """Go back to where block *number*, which another has replaced, begins; nothing of the new one has been sent."""
        block = await self._log.block(number)
        if block is not None and block.header.first_position < self.point.position:
            await self._go_on_at(block.header.first_position)
        await self._resume(number)

    async def _resume(self, before: int | None) -> None:
        """Take the linker as it was at the point or before it, from a snapshot where there is one."""
        block = self.point.block if before is None else min(self.point.block, before)
        projection, place = await resume(
            self._log, self._snapshots, self.point.stream, block=block, limits=self._limits
        )
        self._start_fold(projection.linker, place, projection.position)

    # Folding

    async def _follow(self, end: int | None) -> None:
        blocks = follow(
            self._log,
            start=self._place.block,
            after=self._place.digest,
            poll_s=self._pace.poll_s,
        )
        stopping = asyncio.create_task(self._stopping.wait())
        following: asyncio.Task[Block] | None = None
        try:
            while not self._stopping.is_set():
                if end is not None and self._fold.position >= end:
                    await self._send_due(everything=True)
                    return
                following = following or asyncio.create_task(_next(blocks))
                await asyncio.wait(
                    {following, stopping}, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED
                )
                if following.done():
                    done, following = following, None
                    await self._fold_block(done.result())
                await self._send_due()
                if self._monotonic() - self._saved_at >= self._pace.idle_save_s:
                    await self._save_idle()
        finally:
            stopping.cancel()
            if following is not None:
                following.cancel()
                await asyncio.wait((following,))

    async def _fold_block(self, block: Block) -> None:
        try:
            envelopes = opened(block, self._place)
        except (FactUnknown, LogDamaged):
            await self._send_due(everything=True)
            raise
        self._moments.place = BlockPlace(block.number, block.header.previous)
        for start in range(0, len(envelopes), SLICE_EVENTS):
            self._fold.fold(envelopes[start : start + SLICE_EVENTS])
            self._linker.take_changed()
            await asyncio.sleep(0)
            if len(self._moments) > self._pace.waiting_max:
                await self._send_due()
        self._place = Place(block.number + 1, block.digest)
        self._folded_at = self._monotonic()

    # Sending

    async def _send_due(self, *, everything: bool = False) -> None:
        """Send what is due, request by request; *everything*: as if the delay were over."""
        while (oldest := self._moments.oldest()) is not None and (
            everything or self._is_due(oldest)
        ):
            spans, moments = self._gather(everything=everything)
            done = await self._sender.send(spans, self._stopping)
            await self._move(self._next_point(done.sent, done.rejected))
            if moments and self._monotonic() - self._told_at > TELL_S:
                self._tell()

    def _gather(self, *, everything: bool) -> tuple[list[Span], int]:
        """Take the spans of one request, all that one event tells together; return them and how many moments that was."""
        spans: list[Span] = []
        taken, last = 0, -1
        while (oldest := self._moments.oldest()) is not None:
            full = len(spans) >= self._pace.request_spans
            wanted = everything or self._is_due(oldest)
            if oldest.told_at != last and (full or not wanted):
                break
            last = oldest.told_at
            spans += spans_of(self._moments.take(), self._places)
            taken += 1
        return spans, taken

    def _is_due(self, moment: Moment) -> bool:
        if len(self._moments) > self._pace.waiting_max:
            return True
        age_ns = self._now() - moment.observed_at
        return (
            age_ns >= int(self._pace.delay_s * NS) or age_ns < 0
        )  # below 0: the clock stepped back

    def _now(self) -> int:
        """Return the time (ns) in the log's terms: that of the last event, and what has passed since it was read."""
        read = self._fold.observed_at or 0
        return read + int((self._monotonic() - self._folded_at) * NS)

    def _next_point(self, sent: int = 0, rejected: int = 0) -> ExportPoint:
        oldest = self._moments.oldest()
        place = self._moments.place if oldest is None else oldest.place
        position = self._fold.position if oldest is None else oldest.told_at
        return msgspec.structs.replace(
            self.point,
            position=max(position, self.point.position),
            block=place.block,
            log_digest=place.digest,
            sent=self.point.sent + sent,
            rejected=self.point.rejected + rejected,
        )

    async def _move(self, point: ExportPoint) -> None:
        """Save how far the export has come."""
        before = self.point
        await self._patience.ask(lambda: self._points.save(point, after=before))
        self.point = point
        self._saved_at = self._monotonic()

    async def _save_idle(self) -> None:
        """Save that there was nothing to send of what was read last, so that a restart does not read it again."""
        if not len(self._moments) and self._fold.position > self.point.position:
            await self._move(self._next_point())

    def _tell(self) -> None:
        self._told_at = self._monotonic()
        point = self.point
        log_line.info(
            "exported", position=point.position, spans=point.sent, rejected=point.rejected
        )


async def _next(blocks: AsyncIterator[Block]) -> Block:
    return await anext(blocks)


def _told(error: LogUnavailable) -> None:
    log_line.warning("the store is away; trying until it is back", why=str(error))
