"""Append sealed blocks, one at a time, and say when each is durable."""

import asyncio
from collections.abc import Callable

import structlog

from events.block import Block
from store.errors import LogUnavailable
from store.ports import EventLog

RETRY_FIRST_S = 0.1
RETRY_S_MAX = 5.0

log_line = structlog.get_logger("hoptrail.collect")


class Appender:
    """The one place that appends. At most one block is on its way; *on_durable* is called for each that arrived."""

    def __init__(
        self, log: EventLog, on_durable: Callable[[Block], None], on_end: Callable[[], None]
    ) -> None:
        self._log = log
        self._on_durable = on_durable
        self._on_end = on_end
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a block is on its way."""
        return self._task is not None and not self._task.done()

    async def start(self, block: Block) -> None:
        """Append *block* after the one on its way, without waiting for it.

        Raises:
            StoreError: an earlier block was fenced or refused.
        """
        await self.settle()
        self._task = asyncio.create_task(self._append(block))
        self._task.add_done_callback(lambda _: self._on_end())

    async def settle(self) -> None:
        """Return when nothing is on its way any more.

        Raises:
            StoreError: the block on its way was fenced or refused.
        """
        if self._task is not None:
            await asyncio.shield(self._task)
            self._task = None

    async def give_up(self) -> None:
        """Try no more; the block on its way may be in the log or not, as after a kill."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def check(self) -> None:
        """Raise what became of the block on its way, if it failed already."""
        if self._task is not None and self._task.done():
            self._task.result()
            self._task = None

    async def _append(self, block: Block) -> None:
        delay_s = RETRY_FIRST_S
        while True:
            try:
                await self._log.append(block)
            except LogUnavailable as error:
                log_line.warning("append", block=block.number, retry_in_s=delay_s, why=str(error))
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RETRY_S_MAX)
            else:
                self._on_durable(block)
                return
