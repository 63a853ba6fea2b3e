"""Memory with a million waiting copies: what the linker and all views hold, against the bare facts in a list."""

import gc
from collections.abc import Iterator
from itertools import islice

import psutil

from bench.measure import Timed, timed
from bench.traffic import QUEUES, START_NS, pairs
from events.facts import Envelope, MessagePublished
from projector.answering import Answers
from projector.collecting import collect_rarely
from projector.projection import Projection

COPIES = 1_000_000
BLOCK = 1_000


def publishes(count: int) -> Iterator[Envelope]:
    """Yield *count* publishes, each routed to one queue and never delivered."""
    kept = (each for each in pairs(2 * count) if isinstance(each.fact, MessagePublished))
    for position, envelope in enumerate(islice(kept, count)):
        yield Envelope(position, START_NS + position * 1_000, 0, envelope.fact)


def resident_mib() -> float:
    """Return this process's resident memory in MiB, after a full collection."""
    gc.collect()
    return psutil.Process().memory_info().rss / 2**20


def hold_copies(copies: str = str(COPIES)) -> Timed:
    """Fold publishes until *copies* of them wait in 40 queues."""
    collect_rarely()
    before, projection = resident_mib(), Projection("main")

    def work() -> None:
        facts = publishes(int(copies))
        while block := list(islice(facts, BLOCK)):
            projection.fold.fold(block)
            projection.linker.take_changed()

    result = timed(int(copies), work)
    waiting = sum(each.waiting for each in Answers(projection).queues())
    if waiting != int(copies):
        raise RuntimeError(f"{waiting} of {copies} copies wait in {len(QUEUES)} queues")
    return _with_memory(result, before)


def hold_facts(copies: str = str(COPIES)) -> Timed:
    """Keep the same facts in a list."""
    collect_rarely()
    before, kept = resident_mib(), list[Envelope]()
    result = timed(int(copies), lambda: kept.extend(publishes(int(copies))))
    return _with_memory(result, before)


def _with_memory(result: Timed, before: float) -> Timed:
    grown = resident_mib() - before
    result.extra["mib"] = round(grown, 1)
    result.extra["bytes_per_copy"] = round(grown * 2**20 / result.count)
    return result
