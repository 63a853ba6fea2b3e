"""Rid a suspect tap of messages that end every connection they are delivered on. A shell over ``excision.py``.

Everything here happens on connections of its own, which may die of it; the one that holds the leadership lives on. The
ledger has a gap from before the first message is dropped until after the last.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Self

import structlog
from msgspec.structs import replace

from collector.amqp import (
    AmqpError,
    AmqpUnavailable,
    Channel,
    Connection,
    Delivery,
    DeliveryBuffer,
    connect,
)
from collector.amqp.buffer import Pausable
from collector.append import Appending, append_facts
from collector.ledger.gaps import POISON, closed, opened
from collector.taps.excision import Round, Unsettled, excise
from collector.taps.opening import FORMER_CONSUMER_S_MAX, code_of, depth_of, own_name
from collector.taps.watchdog import TapKey, Watchdog
from events.block import BlockHead
from events.facts import Fact, GapOpened

POLL_S = 0.005
QUIET_S_MAX = 5.0
"""So long the broker may take for the next of the deliveries it owes us."""

log_line = structlog.get_logger("hoptrail.collect")


class Surgery:
    """Looks at the suspect taps of a leadership before they are consumed.

    `head` is the head of the log, which moves with what the ledger is told; *beginning* is what an empty log begins with.
    """

    def __init__(
        self,
        to: Appending,
        head: BlockHead | None,
        home: Connection,
        beginning: list[Fact],
        *,
        stream: str,
    ) -> None:
        self.head = head
        self._to = to
        self._home = home
        self._beginning = beginning
        self._stream = stream
        self._opened: set[str] = set()

    async def look(
        self, watchdog: Watchdog, *, vhosts: Collection[str], depth: int, turns: bool, since: int
    ) -> None:
        """Rid the suspect taps of *vhosts* of what ends their consuming; *since* (ns) is when that began.

        *depth* is the prefetch: no consumer held more, and a later one will be handed all that was given back.

        Raises:
            AmqpError: the leadership is lost, or a queue does not behave as it must; what was found is told already.
        """
        for tap, code in watchdog.suspects.items():
            if tap[0] in vhosts:
                log_line.warning(
                    "consuming a tap ends again and again; looking for the message that ends it",
                    vhost=tap[0],
                    tap=tap[1],
                    code=code,
                )
                await self._look(tap, code, depth, turns=turns, since=since)
            watchdog.looked(tap)

    async def _look(self, tap: TapKey, code: int, depth: int, *, turns: bool, since: int) -> None:
        # Named by now: a look that was broken off may have left a gap that began at the same time.
        gap = replace(opened(POISON, tap[0], time.time_ns()), since=since)
        async with SuspectTap(
            self._home, *tap, code=code, on_begin=lambda: self._open(gap)
        ) as suspect:
            try:
                try:
                    await excise(suspect, depth=depth, turns=turns)
                except Unsettled as error:
                    log_line.warning("once more, in another way", tap=tap[1], why=str(error))
                    await excise(suspect, depth=depth, turns=not turns)
            except Unsettled as error:
                raise AmqpUnavailable(f"{tap[1]} in {tap[0]!r}: {error}") from error
        if gap.gap in self._opened:
            self._opened.discard(gap.gap)
            await self._record([closed(gap, time.time_ns(), suspect.dropped)])

    async def _open(self, gap: GapOpened) -> None:
        if gap.gap not in self._opened:
            await self._record([gap])
            self._opened.add(gap.gap)

    async def _record(self, facts: list[Fact]) -> None:
        if self.head is None:
            facts = [*self._beginning, *facts]
        self.head = await append_facts(self._to, self.head, facts, stream=self._stream)


class _Counting(DeliveryBuffer):
    """Counts deliveries and forgets them."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def put(self, deliveries: list[Delivery], reader: Pausable) -> None:  # noqa: ARG002
        self.count += len(deliveries)
        self.poke()

    async def wait_for(self, count: int) -> None:
        """Return when *count* deliveries came, or no more come."""
        quiet_since, seen = time.monotonic(), 0
        while self.count < count and time.monotonic() - quiet_since < QUIET_S_MAX:
            await self.wait(QUIET_S_MAX)
            self.take()
            if self.count > seen:
                quiet_since, seen = time.monotonic(), self.count


@dataclass(frozen=True, slots=True)
class _Worker:
    """A connection that may die of what it is delivered, and what it counts."""

    connection: Connection
    counting: _Counting


class SuspectTap:
    """The tap *queue* as :class:`collector.taps.excision.SuspectQueue`, reached like *home*, which leads; a context manager.

    *code* is what ended the connections that made it suspect; a connection that ends in any other way proves nothing.
    *on_begin* returns when the ledger says that something may be missed.
    """

    def __init__(
        self,
        home: Connection,
        vhost: str,
        queue: str,
        *,
        code: int,
        on_begin: Callable[[], Awaitable[None]],
    ) -> None:
        self.dropped = 0
        self._home = home
        self._vhost = vhost
        self._queue = queue
        self._code = code
        self._on_begin = on_begin
        self._holding = 0
        self._stack = AsyncExitStack()
        self._asking: Channel | None = None
        self._worker: _Worker | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def ready(self) -> int:
        """Return how many messages wait, once nobody else holds any."""
        if self._asking is None:
            self._asking = await (await self._connect()).channel()
        end = time.monotonic() + FORMER_CONSUMER_S_MAX
        while True:
            depth = await depth_of(self._asking, self._queue)
            if depth is not None and depth.consumers == self._holding:
                return depth.ready
            if time.monotonic() > end:
                raise AmqpUnavailable(f"{self._queue} in {self._vhost!r} is not let go")
            await asyncio.sleep(POLL_S)

    async def deliver(self, count: int) -> Round:
        """Be delivered the first *count* messages and give them back."""
        worker = await self._working()
        worker.counting.count = 0
        try:
            async with self._delivered(worker, count):
                return Round(worker.counting.count, ended=False)
        except AmqpError as error:
            self._check(error)
            return Round(min(worker.counting.count, count - 1), ended=True)

    @asynccontextmanager
    async def holding(self, count: int) -> AsyncGenerator[None]:
        """Keep the first *count* messages while the context lasts."""
        worker = _Worker(await self._connect(), _Counting())
        async with self._delivered(worker, count):
            if worker.counting.count != count:
                raise Unsettled(f"{worker.counting.count} of {count} messages are there")
            self._holding += 1
            try:
                yield
            finally:
                self._holding -= 1

    async def begin(self) -> None:
        """Tell the ledger that something may be missed."""
        await self._on_begin()

    async def drop_first(self) -> None:
        """Let the queue drop its first message.

        It ended a connection a moment ago, but the queue may have dropped its first messages meanwhile because it is full:
        then this is one more that was lost by that.
        """
        channel = await (await self._working()).connection.channel()
        try:
            delivery = await channel.get(self._queue, no_ack=True)
        except AmqpError as error:
            self._check(error)
            self.dropped += 1
            log_line.warning(
                "a message that ended every connection is dropped",
                vhost=self._vhost,
                tap=self._queue,
                why=str(error),
            )
            return
        self.dropped += delivery is not None
        raise Unsettled("what ended the connection stands somewhere else now")

    @asynccontextmanager
    async def _delivered(self, worker: _Worker, count: int) -> AsyncGenerator[None]:
        """Consume *count* messages and hold them while the context lasts."""
        await self.ready()
        channel = await worker.connection.channel()
        await channel.qos(count)
        await channel.consume(self._queue, worker.counting, source=None, tag=self._queue)
        await worker.counting.wait_for(count)
        yield
        await channel.close()

    async def _working(self) -> _Worker:
        """Return a worker that lives."""
        if self._worker is None or self._worker.connection.failure is not None:
            self._worker = _Worker(await self._connect(), _Counting())
        return self._worker

    async def _connect(self) -> Connection:
        if self._home.failure is not None:
            raise self._home.failure
        address = self._home.address.at(self._vhost)
        connection = await connect(address, name=own_name(self._vhost))
        return await self._stack.enter_async_context(connection)

    def _check(self, error: AmqpError) -> None:
        """Raise *error* unless it is how the tap became suspect, and the leadership stands."""
        if self._home.failure is not None:
            raise self._home.failure
        if code_of(error) != self._code:
            raise error
