"""The system as it was at a time: its views folded aside, from the nearest older snapshot up to that time.

Blocks are folded in a thread, one after another, so that the live views go on answering. One time is worked out at once, and
no longer than anybody asks for it; the newest `KEPT_MAX` results are kept, as answers and not as state.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from projector.answering import Answers
from projector.linker.limits import Limits
from projector.replay import Place, opened, replay, resume
from projector.system import NotYet, Past
from store.ports import EventLog, SnapshotStore

EVENTS_MAX = 2_000_000
KEPT_MAX = 4
WAIT_S = 2.0
UNASKED_S_MAX = 10.0


class TooMuchToFold(Exception):
    """From the nearest snapshot on, `events` would have to be folded, more than are."""

    def __init__(self, events: int) -> None:
        super().__init__(
            f"{events:,} events would have to be folded, and {EVENTS_MAX:,} are the most"
        )
        self.events = events


class NotRetained(ValueError):
    """Retention removed what the log said of that time; `known_from` (ns) is when what is retained begins."""

    def __init__(self, known_from: int) -> None:
        super().__init__("retention removed what the log said of that time")
        self.known_from = known_from


class _Work:
    """A time that is being worked out: `folded` of `to_fold` events since `began_s`, and last asked for at `asked_s`."""

    def __init__(self, observed_at: int, position: int) -> None:
        self.observed_at = observed_at
        self.position = position
        self.folded = self.to_fold = 0
        self.asked_s = self.began_s = 0.0
        self.task: asyncio.Task[Past] | None = None

    def not_yet(self, *, is_other: bool = False) -> NotYet:
        """Return how far it is."""
        passed_s = asyncio.get_running_loop().time() - self.began_s
        left_s = passed_s / self.folded * (self.to_fold - self.folded) if self.folded else None
        return NotYet(self.folded, self.to_fold, is_other, left_s)


class PastViews:
    """Works out the past of *stream*'s log. *live* gives the answers at the head, where nothing has to be folded."""

    def __init__(
        self,
        log: EventLog,
        snapshots: SnapshotStore | None,
        stream: str,
        *,
        limits: Limits | None,
        live: Callable[[], Answers],
        wait_s: float = WAIT_S,
        events_max: int = EVENTS_MAX,
    ) -> None:
        self._log = log
        self._snapshots = snapshots
        self._stream = stream
        self._limits = limits
        self._live = live
        self._wait_s = wait_s
        self._events_max = events_max
        self._kept: dict[int, Past] = {}
        self._work: _Work | None = None
        self._choosing = asyncio.Lock()

    async def at(self, observed_at: int) -> Past | NotYet:
        """Return the answers as they were at *observed_at* (ns), or how far they are if that takes longer than a moment.

        Asking again for the same time goes on where it was; it is dropped when nobody asks for it and another is asked for.

        Raises:
            NotRetained: the log no longer holds that time.
            TooMuchToFold: it is too far from any snapshot.
            LogDamaged, FactUnknown, FoldFailed: as :func:`projector.replay.replay`.
        """
        live = self._live()
        if live.observed_at is not None and live.caught_up and observed_at >= live.observed_at:
            return await self._told(live, observed_at)
        async with self._choosing:
            chosen = await self._chosen(observed_at)
        return await self._awaited(chosen) if isinstance(chosen, _Work) else chosen

    async def _chosen(self, observed_at: int) -> Past | NotYet | _Work:
        """Return what is known of that time, or the work on it, begun now if need be."""
        work = self._work
        if work is not None and work.observed_at == observed_at:
            return work
        position = await position_at(self._log, observed_at)
        kept = self._kept.pop(position, None)
        if kept is not None:
            self._kept[position] = kept
            return await self._since(kept, observed_at)
        if work is not None and not await self._dropped(work):
            return work.not_yet(is_other=True)
        self._work = work = _Work(observed_at, position)
        work.asked_s = asyncio.get_running_loop().time()
        work.task = asyncio.create_task(self._fold(work), name="the past")
        work.task.add_done_callback(_looked_at)
        return work

    async def forget(self) -> None:
        """Stop what is under way and drop what is kept: the log's newest blocks are not what they were."""
        await self.close()
        self._kept.clear()

    async def close(self) -> None:
        """Stop what is under way."""
        if self._work is not None and self._work.task is not None:
            await _stop(self._work.task)

    async def _awaited(self, work: _Work) -> Past | NotYet:
        assert work.task is not None
        work.asked_s = asyncio.get_running_loop().time()
        done, _ = await asyncio.wait({work.task}, timeout=self._wait_s)
        if not done:
            return work.not_yet()
        if self._work is work:
            self._work = None
        if work.task.cancelled():
            return work.not_yet()
        return work.task.result()

    async def _dropped(self, work: _Work) -> bool:
        """Make room for another time: *work* is over, or nobody waits for it any more."""
        assert work.task is not None
        unasked_s = asyncio.get_running_loop().time() - work.asked_s
        if not work.task.done() and unasked_s < UNASKED_S_MAX:
            return False
        await _stop(work.task)
        return True

    async def _fold(self, work: _Work) -> Past:
        number = await self._log.block_at(work.position)
        projection, place = await resume(
            self._log, self._snapshots, self._stream, block=number, limits=self._limits
        )
        start = await self._log.block(max(place.block, await self._log.first()))
        began = projection.position if start is None else start.header.first_position
        work.to_fold = work.position - began
        if work.to_fold > self._events_max:
            raise TooMuchToFold(work.to_fold)

        def folded(position: int, _total: int) -> None:
            work.folded = position - began

        work.began_s, end = asyncio.get_running_loop().time(), work.position
        await replay(
            self._log, projection, place, stop_position=end, progress=folded, is_aside=True
        )
        answers = Answers(projection)
        past = await asyncio.to_thread(_all_of, answers, work.observed_at)
        past = await self._since(past, work.observed_at)
        self._kept[work.position] = past
        while len(self._kept) > KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        return past

    async def _told(self, live: Answers, observed_at: int) -> Past:
        return await self._since(_all_of(live, observed_at), observed_at)

    async def _since(self, past: Past, observed_at: int) -> Past:
        """Return *past* for *observed_at*, with since when the log is known."""
        segments = await self._log.segments()
        first = await self._log.first()
        return past.for_time(
            observed_at,
            known_from=segments[0].first_observed_at if segments else None,
            is_beginning_kept=first == 0,
        )


async def position_at(log: EventLog, observed_at: int) -> int:
    """Return the first position whose event was observed after *observed_at* ns.

    Raises:
        NotRetained: the log no longer holds that time.
    """
    number = await log.block_before(observed_at)
    if number is None:
        segments = await log.segments()
        if segments and await log.first() > 0:
            raise NotRetained(segments[0].first_observed_at)
        return 0
    block = await log.block(number)
    if block is None:
        segments = await log.segments()
        raise NotRetained(segments[0].first_observed_at if segments else 0)
    position = block.header.first_position
    for envelope in opened(block, Place(number + 1)):
        if envelope.observed_at > observed_at:
            break
        position = envelope.position + 1
    return position


def _all_of(answers: Answers, observed_at: int) -> Past:
    return Past(
        at=observed_at,
        stream=answers.stream,
        position=answers.position,
        last_event_at=answers.observed_at,
        known_from=None,
        is_beginning_kept=True,
        topology=answers.topology(),
        services=answers.services(),
        queues=answers.queues(),
        dead_letters=answers.dead_letters(),
        capture=answers.capture(),
    )


def _looked_at(task: asyncio.Task[Past]) -> None:
    """Take an error's word that somebody has looked at it: who asked may be gone."""
    if not task.cancelled():
        task.exception()


async def _stop(task: asyncio.Task[Past]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task
