"""A log whose reads wait for the store to come back, for processes that follow it for ever.

Appending is passed on as it is: whoever writes must know what it may send again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

from events.block import Block, BlockHead
from store.errors import LogUnavailable
from store.ports import EventLog, Segment

PAUSE_S_MIN = 0.1
PAUSE_S_MAX = 5.0

_T = TypeVar("_T")


class Patience:
    """Tries again while the store is away, ever more slowly; *on_wait* is told why at the first try of each absence."""

    def __init__(
        self, on_wait: Callable[[LogUnavailable], None], *, pause_s_min: float = PAUSE_S_MIN
    ) -> None:
        self._on_wait = on_wait
        self._pause_s_min = pause_s_min
        self._pause_s = 0.0

    def succeeded(self) -> None:
        """Begin the next absence with a short pause."""
        self._pause_s = 0.0

    async def wait(self, error: LogUnavailable) -> None:
        """Pause after *error*."""
        if not self._pause_s:
            self._on_wait(error)
        self._pause_s = min(self._pause_s * 2 or self._pause_s_min, PAUSE_S_MAX)
        await asyncio.sleep(self._pause_s)

    async def ask(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """Return what *call* returns once the store answers."""
        while True:
            try:
                answer = await call()
            except LogUnavailable as error:
                await self.wait(error)
            else:
                self.succeeded()
                return answer


class PatientEventLog:
    """An :class:`store.ports.EventLog` that is *log*, open and closed by its owner, except that its reads wait."""

    def __init__(self, log: EventLog, patience: Patience) -> None:
        self._log = log
        self._patience = patience

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def append(self, block: Block) -> None:
        await self._log.append(block)

    async def begin(self, block: Block) -> None:
        await self._log.begin(block)

    async def head(self) -> BlockHead | None:
        return await self._patience.ask(self._log.head)

    async def block(self, number: int) -> Block | None:
        return await self._patience.ask(lambda: self._log.block(number))

    async def bodies(self, number: int) -> Sequence[bytes] | None:
        return await self._patience.ask(lambda: self._log.bodies(number))

    async def blocks(self, *, start: int, stop: int | None = None) -> AsyncIterator[Block]:
        number = start
        while True:
            try:
                async for block in self._log.blocks(start=number, stop=stop):
                    yield block
                    number = block.number + 1
                    self._patience.succeeded()
            except LogUnavailable as error:
                await self._patience.wait(error)
            else:
                return

    async def block_at(self, position: int) -> int | None:
        return await self._patience.ask(lambda: self._log.block_at(position))

    async def block_before(self, observed_at: int) -> int | None:
        return await self._patience.ask(lambda: self._log.block_before(observed_at))

    async def first(self) -> int:
        return await self._patience.ask(self._log.first)

    async def segments(self) -> Sequence[Segment]:
        return await self._patience.ask(self._log.segments)

    async def drop_segment(self, number: int, *, bodies_only: bool = False) -> None:
        await self._log.drop_segment(number, bodies_only=bodies_only)

    async def fingerprint_key(self) -> bytes:
        return await self._log.fingerprint_key()

    async def adopt_key(self, key: bytes) -> None:
        await self._log.adopt_key(key)
