"""Append sealed blocks, one at a time, and say when each is durable."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import structlog
from msgspec.structs import replace

from collector.seal import Sealer, SealLimits
from events.block import Block, BlockHead, start_of_log
from events.facts import Fact
from events.identity import key_id
from store.errors import LogUnavailable
from store.ports import EventLog

RETRY_FIRST_S = 0.1
RETRY_S_MAX = 5.0
PATIENCE_S = 5.0
"""So long one of a group waits for a store that takes no block, before it lets another lead."""

log_line = structlog.get_logger("hoptrail.collect")


@dataclass(frozen=True, slots=True, kw_only=True)
class Appending:
    """Where and how to append: *confirm* returns while we lead and raises where we do not, and is asked before every try.

    With *patience_s* a block that is not taken for so long is given up, else it is tried for ever.
    """

    log: EventLog
    confirm: Callable[[], Awaitable[None]]
    patience_s: float | None = None


class Appender:
    """The one place that appends. At most one block is on its way; *on_durable* is called for each that arrived."""

    def __init__(
        self, to: Appending, on_durable: Callable[[Block], None], on_end: Callable[[], None]
    ) -> None:
        self._to = to
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
            StoreError: an earlier block was fenced, refused or given up.
            AmqpError: we lead no more.
        """
        await self.settle()
        self._task = asyncio.create_task(self._append(block))
        self._task.add_done_callback(lambda _: self._on_end())
        # The append begins before the caller, who has much to do, goes on.
        await asyncio.sleep(0)

    async def settle(self) -> None:
        """Return when nothing is on its way any more.

        Raises:
            StoreError: the block on its way was fenced, refused or given up.
            AmqpError: we lead no more.
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
        try:
            async with asyncio.timeout(self._to.patience_s):
                await self._try(block)
        except TimeoutError as error:
            raise LogUnavailable(
                f"the store did not take block {block.number} for {self._to.patience_s:g} s, so another may lead"
            ) from error

    async def _try(self, block: Block) -> None:
        delay_s = RETRY_FIRST_S
        while True:
            await self._to.confirm()
            try:
                await self._to.log.append(block)
            except LogUnavailable as error:
                log_line.warning("append", block=block.number, retry_in_s=delay_s, why=str(error))
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RETRY_S_MAX)
            else:
                self._on_durable(block)
                return


async def append_facts(
    to: Appending, head: BlockHead | None, facts: Iterable[Fact], *, stream: str
) -> BlockHead:
    """Append a few *facts* of the collector's own as one block after *head*, and return the new head.

    Raises:
        StoreError: the block was fenced or refused.
    """
    key = await to.log.fingerprint_key()
    start = head or start_of_log(stream, key_id(key))
    sealer = Sealer(
        replace(start, key_id=key_id(key)), key=key, epoch=start.epoch + 1, limits=SealLimits()
    )
    for fact in facts:
        sealer.add_fact(fact, now_ns=time.time_ns())
    appender = Appender(to, lambda _: None, lambda: None)
    await appender.start(sealer.seal())
    await appender.settle()
    return sealer.head
