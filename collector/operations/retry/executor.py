"""Carry out retries, for as long as this collector leads. A shell.

It runs beside the pump on connections of its own and hands its facts to the one writer like everything else, so capture
neither waits for it nor fails with it. What goes wrong with one retry pauses that one, with the reason in the log.
"""

import asyncio
from collections.abc import Callable

import structlog

from collector.amqp import AmqpError, AmqpRefused
from collector.operations.retry.job import Job
from collector.operations.retry.work import Around, Work
from events.facts import RetryPaused
from events.operations import PAUSED, OperatorState, Retry
from events.values import shown
from store.errors import LogUnavailable

IDLE_S = 0.2
AGAIN_S = 1.0

log_line = structlog.get_logger("hoptrail.retry")


class Executor:
    """Works on the unfinished retries of *operators*, all at a time, batch by batch.

    Those requested before *begin*, the position at which this leadership began, may be published in part already.
    """

    def __init__(self, operators: OperatorState, around: Around, *, begin: int) -> None:
        self._operators = operators
        self._around = around
        self._begin = begin
        self._jobs: dict[str, Job] = {}
        self._held_up: dict[str, float] = {}

    async def run(self, now: Callable[[], float]) -> None:
        """Work for ever; *now* tells monotonic seconds."""
        try:
            while True:
                retries = self._operators.unfinished()
                wait_s = min([await self._step(each, now()) for each in retries], default=IDLE_S)
                self._jobs = {each.id: self._jobs[each.id] for each in retries}
                await self._around.links.keep_only(
                    {
                        shown(each.requested.vhost)
                        for each in retries
                        if each.state != PAUSED and not self._jobs[each.id].finished
                    }
                )
                await asyncio.sleep(min(wait_s, IDLE_S))
        finally:
            await self._around.links.close()

    async def _step(self, retry: Retry, now: float) -> float:
        job = self._jobs.get(retry.id)
        if job is None:
            work = Work(doubt=retry.deed.position < self._begin)
            job = self._jobs[retry.id] = Job(retry.id, self._around, work)
        if (held_up := self._held_up.get(retry.id, 0.0) - now) > 0:
            return held_up
        try:
            return await job.step(retry)
        except AmqpRefused as error:
            self._park(job, f"the broker does not let this user in: {error}")
        except (AmqpError, LogUnavailable) as error:
            log_line.warning("a retry is held up", retry=retry.id, why=str(error))
            job.lost()
            self._held_up[retry.id] = now + AGAIN_S
        except Exception as error:  # parked, with its reason where the operator looks
            log_line.exception("a retry failed", retry=retry.id)
            self._park(job, f"hoptrail failed at it: {type(error).__name__}: {error}")
        return AGAIN_S

    def _park(self, job: Job, why: str) -> None:
        """Let a retry rest until an operator resumes it."""
        job.lost()
        job.pausing = True
        self._around.tell(RetryPaused("", "", job.name, why))
