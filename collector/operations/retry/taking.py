"""Take the messages of a retry off one dead-letter queue: from its head, or in a whole drain. A shell.

A message is taken without acknowledgement and acknowledged only when its copy is confirmed. What is not of the retry goes
back to its place, with the end of the channel where only the head is taken. A quorum queue gives several back at that end in
any order, and puts what is rejected behind all else (measured on RabbitMQ 4.0): so a drain, which holds all of it, rejects
one after another. Nothing is taken where somebody else reads, or where the broker drops what is returned.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from collector.amqp import PASSIVE, Channel, ChannelClosed, Delivery
from collector.operations.retry.copies import FROM_QUEUE, fingerprint_of, refused
from collector.operations.retry.decide import OUT_FOUND, OUT_MISSING, OUT_REFUSED, Matching
from events.facts import QueueDeclared, RetryOutcome
from events.republish import STREAM, delivery_limit
from events.values import Text, shown

HEAD, DRAIN = "head", "drain"
HELD_MAX = 10_000
"""Other messages that a drain holds back while it looks for its own."""
RETURNS_MIN = 5
GIVEN_BACK_TRIES, GIVEN_BACK_WAIT_S = 40, 0.05


class Taken(NamedTuple):
    """A live message, the item it is, and whether it still has to be published."""

    delivery: Delivery
    number: int
    publishes: bool


class Taking:
    """One queue being taken from on *channel*; `ended` says why no more is taken, "" while more may come."""

    def __init__(
        self,
        channel: Channel,
        queue: Text,
        matching: Matching,
        *,
        retry: str,
        remove: str,
        limited: bool,
    ) -> None:
        self.queue = queue
        self.ended = ""
        self._outcome = OUT_MISSING
        self._channel = channel
        self._retry = retry
        self._matching = matching
        self._stops = remove == HEAD or limited
        self._held: list[int] = []

    async def take(self, count: int, key: bytes) -> list[Taken]:
        """Return up to *count* messages of the retry; fewer only when no more is taken.

        Raises:
            AmqpError: the channel is gone, and everything taken is back in the queue.
        """
        found: list[Taken] = []
        while len(found) < count and not self.ended:
            delivery = await self._channel.get(self.queue)
            if delivery is None:
                self.ended = "it was not in its queue any more"
                break
            mark = fingerprint_of(delivery, self._retry, key)
            item = None if mark is None else self._matching.take(mark)
            if item is not None:
                found.append(Taken(delivery, *item))
            elif self._stops:
                self._end("another message lies before it in its queue")
            else:
                self._hold(delivery.tag)
        return found

    def _hold(self, tag: int) -> None:
        self._held.append(tag)
        if len(self._held) >= HELD_MAX:
            self._end(f"more than {HELD_MAX} other messages lie before it in its queue")

    def _end(self, why: str) -> None:
        self.ended, self._outcome = why, OUT_REFUSED

    def failed(self, taken: Taken) -> None:
        """Give a message back that could not be published: a drain goes on without it, else nothing more is taken."""
        if self._stops:
            self._end("a message before it in its queue could not be published")
        else:
            self._hold(taken.delivery.tag)

    async def remove(self, done: list[Taken]) -> None:
        """Take messages off the queue for good; when this returns the broker has read it.

        Raises:
            AmqpError: the channel is gone; some of them may be in the queue still.
        """
        for taken in done:
            self._channel.ack(taken.delivery.tag, multiple=False)
        await self._channel.queue_declare(self.queue, flags=PASSIVE)

    async def close(self) -> list[RetryOutcome]:
        """Give back what was held, and return the outcomes of the items that did not come."""
        await self._give_back()
        await self._channel.close()
        to_publish, to_remove = self._matching.left()
        lost = [refused(each, self.ended, self._outcome, FROM_QUEUE) for each in to_publish]
        return lost + [RetryOutcome(each, OUT_FOUND, source=FROM_QUEUE) for each in to_remove]

    async def _give_back(self) -> None:
        """Reject what a drain holds, in its order, and wait until the broker has it back, if that does not take long."""
        for tag in sorted(self._held):
            self._channel.give_back(tag)
        for _ in range(GIVEN_BACK_TRIES if self._held else 0):
            ready, _ = await self._channel.queue_declare(self.queue, flags=PASSIVE)
            if ready >= len(self._held):
                return
            await asyncio.sleep(GIVEN_BACK_WAIT_S)


async def start_taking(
    channel: Channel,
    queue: Text,
    declared: QueueDeclared | None,
    version: str,
    *,
    retry: str,
    remove: str,
    wanted: int,
    matching: Callable[[], Matching],
) -> Taking | str:
    """Return what takes *wanted* messages off *queue*, or why none may be taken.

    Raises:
        AmqpError: the connection is gone.
    """
    if declared is None:
        return f"the queue {shown(queue)} is not there"
    if declared.type == STREAM:
        return "its queue is a stream, from which nothing is taken"
    limit = delivery_limit(declared.type, declared.arguments, declared.policy, version)
    try:
        ready, consumers = await channel.queue_declare(queue, flags=PASSIVE)
    except ChannelClosed as error:
        return f"its queue cannot be read: {error.text}"
    if consumers:
        return "its queue has a consumer"
    if limit is not None and remove == HEAD:
        return f"its queue drops messages after {limit} returns"
    if limit is not None and limit < RETURNS_MIN:
        return f"its queue drops messages after {limit} returns"
    if limit is not None and ready > wanted:
        return f"its queue holds {ready} messages of which {wanted} are to go, and drops messages after {limit} returns"
    limited = limit is not None
    return Taking(channel, queue, matching(), retry=retry, remove=remove, limited=limited)
