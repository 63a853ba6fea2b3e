"""What a log captured, as counts that can be compared with what really happened."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from events.block import open_block
from events.facts import (
    BodyRef,
    CaptureStarted,
    Envelope,
    Fact,
    MessageDelivered,
    MessagePublished,
)
from store.errors import LogUnavailable
from store.ports import EventLog
from store.sqlite.log import SqliteEventLog
from tests.support.load import Key

F = TypeVar("F", bound=Fact)
Store = Path | Callable[[], EventLog]
"""The directory of an embedded store, or what opens another one's log."""
TRAFFIC_KINDS = ("MessagePublished", "MessageDelivered")


@dataclass(frozen=True)
class Captured:
    """Every event of a log, and the bodies by their places (block, index)."""

    envelopes: tuple[Envelope, ...]
    bodies: Mapping[tuple[int, int], bytes]

    def of(self, kind: type[F]) -> list[F]:
        """Return the facts of one type, in log order."""
        return [each.fact for each in self.envelopes if isinstance(each.fact, kind)]

    def envelopes_of(self, *kinds: type[Fact]) -> list[Envelope]:
        """Return the envelopes of some types, in log order."""
        return [each for each in self.envelopes if isinstance(each.fact, kinds)]

    def body(self, ref: BodyRef | None) -> bytes:
        """Return the body at *ref*, which is empty where there is none."""
        return self.bodies[ref.block, ref.index] if ref else b""

    def published(self) -> Counter[Key]:
        """Return how often each body was published, for every queue it was routed to."""
        return Counter(
            (str(fact.vhost), str(queue), self.body(fact.body))
            for fact in self.of(MessagePublished)
            for queue in fact.routed_queues
        )

    def publishes(self) -> Counter[Key]:
        """Return how often each body was published, wherever it was routed to; the queue is ""."""
        return Counter(
            (str(fact.vhost), "", self.body(fact.body)) for fact in self.of(MessagePublished)
        )

    def delivered(self) -> Counter[Key]:
        """Return how often each body was delivered from each queue."""
        return Counter(
            (str(fact.vhost), str(fact.queue), self.body(fact.body))
            for fact in self.of(MessageDelivered)
        )

    @property
    def epochs(self) -> list[int]:
        """The epochs that captured, in log order."""
        return [fact.epoch for fact in self.of(CaptureStarted)]


def opened(store: Store) -> EventLog:
    """Return the log of *store*, to be opened for reading."""
    return SqliteEventLog(store, read_only=True) if isinstance(store, Path) else store()


def read(store: Store) -> Captured:
    """Return everything in the log of *store*; opening each block checks its digest and the chain."""
    return asyncio.run(_read(store))


async def _read(store: Store) -> Captured:
    envelopes: list[Envelope] = []
    bodies: dict[tuple[int, int], bytes] = {}
    async with opened(store) as log:
        previous: bytes | None = None
        async for block in log.blocks(start=0):
            envelopes += open_block(block, expect=previous)
            previous = block.digest
            for index, body in enumerate(await log.bodies(block.number) or ()):
                bodies[block.number, index] = body
    return Captured(tuple(envelopes), bodies)


class Meter:
    """Counts the events of a growing log by type, reading each block's header once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next_block = 0
        self._counts: Counter[str] = Counter()
        self._lag_ms = 0

    def counts(self) -> Counter[str]:
        """Return the counts now, by type name."""
        try:
            asyncio.run(self._follow())
        except LogUnavailable:
            return self._counts  # the first writer is just making it
        return self._counts

    def traffic(self) -> int:
        """Return how many publishes and deliveries the log holds."""
        counts = self.counts()
        return sum(counts[kind] for kind in TRAFFIC_KINDS)

    def is_live(self) -> bool:
        """Say whether the newest traffic was captured live."""
        self.counts()
        return self._lag_ms == 0

    async def _follow(self) -> None:
        async with opened(self._store) as log:
            async for block in log.blocks(start=self._next_block):
                self._counts.update(block.header.kinds)
                if not block.header.kinds.keys().isdisjoint(TRAFFIC_KINDS):
                    self._lag_ms = block.header.lag_ms
                self._next_block = block.number + 1


def differences(expected: Counter[Key], found: Counter[Key]) -> str:
    """Return what was lost and what was doubled, empty when the counts are the same."""
    lost, doubled = expected - found, found - expected
    told = [
        f"{name} {counts.total()} of {expected.total()} in {len(counts)} bodies, such as {_few(counts)}"
        for name, counts in (("lost", lost), ("doubled or never sent", doubled))
        if counts
    ]
    return "; ".join(told)


def _few(counts: Counter[Key]) -> str:
    return ", ".join(
        f"{vhost} {queue} {body[:24]!r} × {count}"
        for (vhost, queue, body), count in sorted(counts.items())[:4]
    )
