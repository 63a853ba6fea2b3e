"""Where received deliveries wait until the collector takes them, in bulk.

One buffer may serve many connections. No task or future exists per delivery; what is in memory is bounded by the
prefetches and, when `bytes_max` is passed, by not reading the sockets any more.
"""

import asyncio
from typing import Protocol

from collector.amqp.frames import Delivery


class Pausable(Protocol):
    """A connection whose reading can be held back."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...


class DeliveryBuffer:
    """Deliveries in order of arrival, and the failure that ended them, if any."""

    def __init__(self, *, bytes_max: int = 64 * 1024 * 1024) -> None:
        self.bytes_max = bytes_max
        self.failure: BaseException | None = None
        self._waiting: list[Delivery] = []
        self._bytes = 0
        self._paused: list[Pausable] = []
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, deliveries: list[Delivery], reader: Pausable) -> None:
        """Add *deliveries*; hold *reader* back when too many bytes wait."""
        self._waiting.extend(deliveries)
        self._bytes += sum([len(delivery.body) + len(delivery.header) for delivery in deliveries])
        if self._bytes > self.bytes_max and reader not in self._paused:
            self._paused.append(reader)
            reader.pause()
        self._arrived.set()

    def fail(self, error: BaseException) -> None:
        """End the buffer: every later take raises *error*. The first failure stays."""
        if self.failure is None:
            self.failure = error
        self._arrived.set()

    def poke(self) -> None:
        """Wake the taker, with or without deliveries."""
        self._arrived.set()

    def take(self) -> list[Delivery]:
        """Return what waits, and wait no longer for anything.

        Raises:
            AmqpError: a connection or consumer that fed the buffer is gone; what was not taken is dropped.
        """
        if self.failure is not None:
            raise self.failure
        taken, self._waiting, self._bytes = self._waiting, [], 0
        self._arrived.clear()
        for reader in self._paused:
            reader.resume()
        self._paused.clear()
        return taken

    async def wait(self, timeout_s: float) -> None:
        """Return when something arrived, failed or poked, or after *timeout_s*."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._arrived.wait()
        except TimeoutError:
            return
