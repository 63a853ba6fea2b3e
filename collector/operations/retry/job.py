"""One retry being carried out, step by step. A shell around ``decide.py``.

A step is short: a batch, a look, or finding that nothing can be done yet. Whatever is published is in doubt until its
outcome is known, and a job that begins after a crash, or after a channel was lost, first finds out what is there already.
"""

import time
from collections import deque
from dataclasses import dataclass, field

from collector.operations.retry import looking
from collector.operations.retry.batches import publish_batch
from collector.operations.retry.decide import (
    OUT_FOUND,
    Bucket,
    Seen,
    counts,
    found_outcomes,
    open_items,
    taken_as_published,
    window_of,
)
from collector.operations.retry.link import Link
from collector.operations.retry.removing import begin_queue, take_batch
from collector.operations.retry.standing import Standing
from collector.operations.retry.taking import Taking
from collector.operations.retry.work import Around, Work
from events.facts import RetryFinished, RetryOutcome, RetryPaused, RetryPublished
from events.operations import CANCELLING, PAUSED, PLANNING, Retry
from events.values import shown

RESTING_S, APPLIED_S, WINDOW_FULL_S, BLOCKED_S = 0.2, 0.02, 0.05, 0.5
BATCHES_PER_S = 10.0
"""A slow retry goes in smaller batches than allowed, so that it goes evenly."""
REMOVES = ("head", "drain")


@dataclass(slots=True)
class Flying:
    """Outcomes on their way into the log: durable when the log is so up to `position`, None until they are facts."""

    last: int
    count: int
    position: int | None = None


@dataclass(slots=True)
class Job:
    """The retry *name*; `work` is in doubt from the begin unless the retry was requested in this leadership.

    `asked` and `pausing` say that the operator was asked, and that the log does not show it yet.
    """

    name: str
    around: Around
    work: Work
    bucket: Bucket | None = None
    look: looking.Look | None = None
    taking: Taking | None = None
    flying: deque[Flying] = field(default_factory=deque[Flying])
    planned: int | None = None
    asked: bool = False
    pausing: bool = False
    finished: bool = False

    async def step(self, retry: Retry) -> float:
        """Do the next thing for *retry*; return how many seconds nothing more can be done.

        Raises:
            AmqpError: the connection is lost, or cannot be had. The job goes on at the next step.
            LogUnavailable: the store does not answer.
        """
        if self.finished or retry.state in (PLANNING, PAUSED):
            self.asked = self.asked or (retry.state == PAUSED and retry.paused_why != "")
            self.pausing = False
            return await self._rest()
        standing = self.around.standing(retry.requested.vhost)
        self._land(retry, standing)
        if not self._may_go_on(retry, standing):
            return APPLIED_S
        if self._decided(retry):
            return APPLIED_S
        if self.work.doubt and open_items(retry):
            return await self._find_out(retry, standing)
        if retry.state == CANCELLING:
            return await self._finish(retry, "cancelled")
        if self.work.todo is None:
            self.work.todo = deque(open_items(retry))
        return await self._go_on(retry) if self.work.todo else await self._finish(retry, "done")

    def lost(self) -> None:
        """Note that the connection is lost, and with it what was taken off a queue."""
        self.taking = self.work.todo = None

    async def _rest(self) -> float:
        taking, self.taking = self.taking, None
        if taking is not None:
            self.work.todo = None
            await taking.close()
        return RESTING_S

    def _may_go_on(self, retry: Retry, standing: Standing) -> bool:
        """Say whether the whole plan is durable, and what was told is known wherever that matters for the next step."""
        if self.planned is None:
            self.planned = standing.next_position
        if standing.durable_position < self.planned:
            return False
        cancelling = retry.state == CANCELLING
        self.pausing = self.pausing and not cancelling
        settled = not self.flying or self.flying[-1].position is not None
        return not self.pausing and (
            settled or not (cancelling or self.work.doubt or not self.work.todo)
        )

    def _land(self, retry: Retry, standing: Standing) -> None:
        """Take note of the outcomes that became facts, and of those that are durable."""
        for each in self.flying:
            if each.position is None and each.last in retry.outcomes:
                each.position = standing.next_position
        while self.flying and (position := self.flying[0].position) is not None:
            if position > standing.durable_position:
                break
            self.flying.popleft()

    def _tell(self, outcomes: list[RetryOutcome]) -> None:
        if outcomes:
            self.around.tell(RetryPublished(self.name, tuple(outcomes)))
            self.flying.append(Flying(outcomes[-1].item, len(outcomes)))

    async def _finish(self, retry: Retry, why: str) -> float:
        await self._rest()
        if copied := sorted(self.work.copied - retry.outcomes.keys()):
            self.work.copied.clear()
            self._tell([RetryOutcome(number, OUT_FOUND) for number in copied])
            return APPLIED_S
        self.finished = True
        self.around.tell(RetryFinished(self.name, why, *counts(retry)))
        return RESTING_S

    # After a crash, or a lost channel

    def _decided(self, retry: Retry) -> bool:
        """Do what the operator decided when asked, if that was while this leader led; say whether that was something."""
        if not self.asked or retry.resumed is None:
            return False
        self.asked = False
        decision = retry.resumed[1]
        removes = retry.requested.remove in REMOVES
        if not decision.unsure and (removes or not decision.unsure_published):
            return False
        self.work.doubt, self.work.todo = False, None
        if not decision.unsure:
            self._tell(taken_as_published(retry))
        return True

    async def _find_out(self, retry: Retry, standing: Standing) -> float:
        if self.look is None:
            self.look = await looking.begin_look(self.around.links, shown(retry.requested.vhost))
        if wait_s := looking.wait_s(self.look, standing):
            return wait_s
        found = await looking.seen(retry, self.around.sources, self.around.topology, standing)
        self.look, self.work.todo = None, None
        self._conclude(retry, found)
        return APPLIED_S

    def _conclude(self, retry: Retry, found: Seen) -> None:
        still_open = open_items(retry)
        removes = retry.requested.remove in REMOVES
        if removes:
            self.work.copied = {number for number in still_open if number in found.copies}
        else:
            self._tell(found_outcomes(found, still_open))
        missing = [number for number in still_open if number not in found.copies]
        doubtful = len(missing[: window_of(retry.requested)])
        if found.gaps and doubtful and retry.state != CANCELLING:
            why = looking.unsure_why(found, doubtful, removes=removes)
            self.around.tell(RetryPaused("", "", self.name, why))
            self.pausing = True
            return
        self.work.doubt = False

    # A batch

    async def _go_on(self, retry: Retry) -> float:
        requested, work = retry.requested, self.work
        assert work.todo is not None
        now = time.monotonic()
        self.bucket = self.bucket or Bucket(requested.rate_per_s, requested.batch, now)
        evenly = max(1, int(requested.rate_per_s / BATCHES_PER_S))
        count = min(requested.batch, evenly, len(work.todo))
        if sum(each.count for each in self.flying) + count > window_of(requested):
            return WINDOW_FULL_S
        if self.bucket.allows(now) < count:
            return self.bucket.wait_s(count)
        await self.around.confirm()
        link = await self.around.links.get(shown(requested.vhost))
        if link.blocked:
            return BLOCKED_S
        self.bucket.take(count)
        if requested.remove in REMOVES:
            self._tell(await self._remove_batch(retry, link, count))
        else:
            self._tell(await publish_batch(work, retry, self.around, link, count))
        return 0.0

    async def _remove_batch(self, retry: Retry, link: Link, count: int) -> list[RetryOutcome]:
        if self.taking is None:
            begun = await begin_queue(self.work, retry, self.around, link)
            if not isinstance(begun, Taking):
                return begun
            self.taking = begun
        taking = self.taking
        told = await take_batch(self.work, retry, self.around, link, taking, count)
        if taking.ended:
            self.taking = None
        return told
