"""Take messages out of a tap that end every connection they are delivered on, and leave all others where they were.

The only ways to touch a queue are to be delivered its first few messages, and to let it drop the first one. A delivery that
is not acknowledged goes back when its connection ends: in a classic queue to its old place, in a quorum queue behind all
others that were given back. The latter is a ring that turns by as many as were delivered, so one can go round to any place
and back to the start. Nothing is acknowledged on the way, so whoever is killed in the middle leaves a tap that lacks
nothing, though its order may be turned; the alignment knows that (``collector/taps/align.py``).

A message is dropped only after it ended a connection on which it was delivered first and alone.
"""

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol


class Unsettled(Exception):
    """The queue did not behave as it must while nobody else reads it; begin again later."""


@dataclass(frozen=True, slots=True)
class Round:
    """What became of asking for the first few messages.

    `received` came for sure, and as many or a few more were sent; `ended` says that the connection was ended by them.
    """

    received: int
    ended: bool


class SuspectQueue(Protocol):
    """A queue that nobody consumes. What a round delivered is given back when the round is over."""

    async def ready(self) -> int:
        """Return how many messages wait, once everything was given back."""
        ...

    async def deliver(self, count: int) -> Round:
        """Be delivered the first *count* messages and give them back."""
        ...

    def holding(self, count: int) -> AbstractAsyncContextManager[None]:
        """Keep the first *count* messages, which are harmless, while the context lasts.

        Raises:
            Unsettled: they are not delivered.
        """
        ...

    async def begin(self) -> None:
        """Tell the ledger that something may be missed, before the order is touched."""
        ...

    async def drop_first(self) -> None:
        """Let the queue drop its first message."""
        ...


async def excise(queue: SuspectQueue, *, depth: int, turns: bool) -> int:
    """Drop what ends connections among the first *depth* messages; return how many.

    *depth* is at least what any one consumer ever held unacknowledged, *turns* says that what is given back goes behind.

    Laws: only messages that end connections are dropped; when it returns the others stand in their old order.

    Raises:
        Unsettled: the queue changed meanwhile; nothing else was dropped.
    """
    dropped = 0
    while size := min(await queue.ready(), depth):
        found = await queue.deliver(size)
        if not found.ended:
            break
        await queue.begin()
        if turns:
            await _from_ring(queue, size=size, at=found.received)
        else:
            await _from_row(queue, size=size, at=found.received)
        dropped += 1
    return dropped


async def _from_row(queue: SuspectQueue, *, size: int, at: int) -> None:
    """Drop the message near place *at*, while those before it are held."""
    while at < size:
        async with queue.holding(at) if at else nullcontext():
            if (await queue.deliver(1)).ended:
                if not (await queue.deliver(1)).ended:
                    raise Unsettled("what is given back goes behind the others")
                await queue.drop_first()
                return
        at += 1
    raise Unsettled("what ended the connection is not found")


async def _from_ring(queue: SuspectQueue, *, size: int, at: int) -> None:
    """Drop the message near place *at* of a ring of *size*, and turn the ring back to its start."""
    await _turn(queue, at)
    while not (await queue.deliver(1)).ended:
        at += 1
        if at >= size:
            raise Unsettled("what ended the connection is not found")
    # It stands last now. Going round once more brings it to the front, whatever else there is on the way.
    if size > 1:
        await queue.deliver(size - 1)
    await queue.drop_first()
    await _turn_any(queue, size - 1 - at)


async def _turn(queue: SuspectQueue, count: int) -> None:
    if count and (await queue.deliver(count)).ended:
        raise Unsettled("what was delivered before ends the connection now")


async def _turn_any(queue: SuspectQueue, count: int) -> None:
    if count:
        await queue.deliver(count)
