"""What a retry does next, and what may be concluded after a crash. Pure: the clock is passed.

Items are published in their order, and never further than a window beyond what the log holds the outcome of. So after a
crash only the items of one window are in doubt. A copy in the log proves that it was published; that there is none proves
the contrary only if everything of that time was captured.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from events.facts import (
    Envelope,
    GapClosed,
    GapOpened,
    MessagePublished,
    RetryItem,
    RetryOutcome,
    RetryRequested,
)
from events.operations import PUBLISHED, Retry
from events.republish import Mark, mark_in
from events.values import Text

WINDOW_S = 2.0
BURST_S = 0.5
OUT_PUBLISHED, OUT_FOUND = "published", "found"
OUT_REFUSED, OUT_UNROUTABLE, OUT_MISSING = "refused", "unroutable", "missing"


def window_of(requested: RetryRequested) -> int:
    """Return how many items may be on their way beyond those whose outcome is durable."""
    return 2 * requested.batch + int(WINDOW_S * requested.rate_per_s)


def open_items(retry: Retry) -> list[int]:
    """Return the numbers of the items without an outcome, in order."""
    return [number for number in sorted(retry.items) if number not in retry.outcomes]


class Bucket:
    """Lets messages through at a rate: whoever was held up may catch up for a moment, and not more. Times in s."""

    def __init__(self, rate_per_s: float, batch: int, now: float) -> None:
        self.rate_per_s = rate_per_s
        self._most = max(1.0, float(batch), rate_per_s * BURST_S)
        self._held = min(1.0, self._most)
        self._at = now

    def allows(self, now: float) -> int:
        """Return how many messages may go now."""
        self._held = min(self._most, self._held + max(0.0, now - self._at) * self.rate_per_s)
        self._at = now
        return int(self._held)

    def take(self, count: int) -> None:
        """Note that *count* messages go."""
        self._held -= count

    def wait_s(self, count: int) -> float:
        """Return how long it takes until *count* messages may go, as of the last question."""
        return max(0.0, (min(count, self._most) - self._held) / self.rate_per_s)


class Seen(NamedTuple):
    """What the log says of a retry: items whose copy was seen (with whether it was routed), and why more may be missing."""

    copies: Mapping[int, bool]
    gaps: Sequence[str]


def seen_in(
    envelopes: Iterable[Envelope],
    retry: Retry,
    *,
    gaps_after: int,
    open_gaps: Iterable[GapOpened] = (),
) -> Seen:
    """Return what *envelopes* say of *retry*.

    A gap counts that reached beyond *gaps_after* ns, unless the broker kept everything of it for us. *open_gaps* are those
    that stand now.
    """
    vhost = retry.requested.vhost
    copies: dict[int, bool] = {}
    gaps = [gap.why for gap in open_gaps if gap.vhost in ("", vhost)]
    for envelope in envelopes:
        fact = envelope.fact
        if isinstance(fact, MessagePublished):
            mark = mark_in(fact.properties.headers)
            if mark is not None and fact.vhost == vhost and is_of(mark, retry):
                copies[mark.item] = copies.get(mark.item, False) or bool(fact.routed_queues)
        elif isinstance(fact, GapClosed) and _missed(fact, vhost, gaps_after):
            gaps.append(fact.why)
    return Seen(copies, gaps)


def _missed(gap: GapClosed, vhost: Text, gaps_after: int) -> bool:
    return gap.vhost in ("", vhost) and gap.estimated != 0 and gap.until >= gaps_after


def is_of(mark: Mark, retry: Retry) -> bool:
    """Return whether a copy with *mark* can only be one of *retry*."""
    item = retry.items.get(mark.item)
    return mark.retry == retry.id and item is not None and item.position == mark.position


def found_outcomes(seen: Seen, items: Iterable[int]) -> list[RetryOutcome]:
    """Return the outcomes of those *items* whose copy was seen."""
    return [
        RetryOutcome(number, OUT_FOUND)
        if seen.copies[number]
        else RetryOutcome(number, OUT_UNROUTABLE, why="no queue took it")
        for number in items
        if number in seen.copies
    ]


def taken_as_published(retry: Retry) -> list[RetryOutcome]:
    """Return the outcomes of all that may be on its way, where the operator takes it as published."""
    doubtful = open_items(retry)[: window_of(retry.requested)]
    why = "not known; taken as published by the operator"
    return [RetryOutcome(number, OUT_FOUND, why=why) for number in doubtful]


def counts(retry: Retry) -> tuple[int, int]:
    """Return how many items were published, and how many came to nothing."""
    published = sum(each.outcome in PUBLISHED for each in retry.outcomes.values())
    return published, len(retry.outcomes) - published


class Matching:
    """Which item a message is that was taken off a dead-letter queue, by fingerprint.

    Identical messages are interchangeable. One that still has to be published goes before one that only has to be removed
    because its copy is on its way already: so none is removed without a copy.
    """

    def __init__(
        self, items: Mapping[int, RetryItem], *, open_: Iterable[int], copied: Iterable[int]
    ) -> None:
        self._items = items
        self._to_publish: dict[bytes, list[int]] = {}
        self._to_remove: dict[bytes, list[int]] = {}
        for numbers, into in ((open_, self._to_publish), (copied, self._to_remove)):
            for number in numbers:
                into.setdefault(items[number].fingerprint, []).append(number)

    def take(self, fingerprint: bytes) -> tuple[int, bool] | None:
        """Return the item that a message with *fingerprint* is, and whether it still has to be published; None: none."""
        for kept, publishes in ((self._to_publish, True), (self._to_remove, False)):
            numbers = kept.get(fingerprint)
            if numbers:
                number = numbers.pop(0)
                if not numbers:
                    del kept[fingerprint]
                return number, publishes
        return None

    def left(self) -> tuple[list[int], list[int]]:
        """Return the items of which no message came: those to publish, and those to remove."""
        return (
            sorted(number for each in self._to_publish.values() for number in each),
            sorted(number for each in self._to_remove.values() for number in each),
        )
