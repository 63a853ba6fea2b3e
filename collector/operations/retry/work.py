"""What the parts of a retry at work share: where they get things, how far they are, and the publishing of copies. A shell.

Whatever is published is in doubt until its fate is known. The first message to an exchange goes alone, so that an objection
of the broker, which closes the channel, is about that message and leaves no other in doubt.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from collector.amqp import ChannelClosed
from collector.operations.retry.copies import Copy, nowhere_by_item, refused
from collector.operations.retry.decide import OUT_PUBLISHED, OUT_REFUSED, OUT_UNROUTABLE
from collector.operations.retry.link import Link, Links
from collector.operations.retry.sources import Sources
from collector.operations.retry.standing import Standing
from collector.topology.state import TopologyState
from events.facts import Fact, RetryOutcome
from events.values import Text

REFUSED_FOR_ALL = frozenset({403, 404})
"""Codes by which the broker closes a channel because of the exchange, not of the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a job works with.

    `standing` tells how far capture is in a vhost, `tell` gives a fact to the log, `confirm` returns while we lead. `key` is
    the fingerprint key, `version` the broker's.
    """

    standing: Callable[[Text], Standing]
    topology: TopologyState
    sources: Sources
    links: Links
    tell: Callable[[Fact], None]
    confirm: Callable[[], Awaitable[None]]
    key: bytes
    version: str


@dataclass(slots=True)
class Work:
    """How far one retry is: the items `todo`, and whether some are in `doubt`, perhaps published without our knowing.

    `careful` messages go one by one. `copied` are items whose copies were found, but which may lie in their queue still.
    `closed` says why nothing can be published to an exchange, `known` are those that were looked at.
    """

    doubt: bool
    todo: deque[int] | None = None
    careful: int = 0
    copied: set[int] = field(default_factory=set[int])
    closed: dict[Text, str] = field(default_factory=dict[Text, str])
    known: set[Text] = field(default_factory=set[Text])

    async def look_at(self, exchange: Text, link: Link) -> None:
        """See whether an exchange is there, before the first message to it."""
        if exchange in self.known:
            return
        self.known.add(exchange)
        self.careful = max(self.careful, 1)
        if why := await link.missing(exchange):
            self.closed[exchange] = why


async def publish(work: Work, link: Link, copies: Sequence[Copy]) -> list[RetryOutcome]:
    """Publish *copies* and return their outcomes.

    Raises:
        ChannelClosed: the broker objected to one of several, so all that it did not confirm are in doubt.
        AmqpError: the connection is lost, likewise.
    """
    if not copies:
        return []
    work.doubt = True
    numbers: dict[int, Copy] = {}
    told: list[RetryOutcome] = []
    try:
        for copy in copies:
            try:
                number = await link.publisher.publish(
                    copy.exchange, copy.key, copy.header, copy.body
                )
            except ValueError as error:
                told.append(refused(copy.number, str(error), source=copy.source))
            else:
                numbers[number] = copy
        settled = await link.publisher.settled()
    except ChannelClosed as error:
        if len(copies) > 1:
            work.careful = len(copies)
            raise
        only = copies[0]
        if error.code in REFUSED_FOR_ALL:
            work.closed[only.exchange] = error.text
        await link.renew()
        work.doubt = False
        return [refused(only.number, error.text, source=only.source)]
    work.doubt = False
    nowhere, objected = nowhere_by_item(settled.returned), set(settled.refused)
    told += [
        _outcome(copy, nowhere.get(copy.number), objected=number in objected)
        for number, copy in numbers.items()
    ]
    return told


def _outcome(copy: Copy, nowhere: str | None, *, objected: bool) -> RetryOutcome:
    if nowhere is not None:
        return refused(copy.number, nowhere, OUT_UNROUTABLE, copy.source)
    if objected:
        why = "the broker refused it: a queue is full, or it failed"
        return refused(copy.number, why, OUT_REFUSED, copy.source)
    return RetryOutcome(copy.number, OUT_PUBLISHED, source=copy.source)
