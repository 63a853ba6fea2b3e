"""Read the `x-death` header, which anybody may have written.

Pure. Whatever stands in the header, the answer is a bounded list of deaths, newest first, at most one per queue and
reason, each with a count of at least one.
"""

from collections.abc import Iterable
from typing import Any, cast

import msgspec

from events.facts import Table
from events.values import AmqpTimestamp, Text, shown

DEATHS_MAX = 64
COUNT_MAX = 1 << 31

History = frozenset[tuple[Any, Any, int]]


class Death(msgspec.Struct, frozen=True, gc=False):
    """A row of `x-death`: `count` deaths in `queue` for `reason`; `at` is when the first of them was, in ns."""

    queue: Text
    reason: str
    count: int
    exchange: Text | None
    routing_key: Text | None
    at: int | None


def deaths_in(headers: Table | None) -> tuple[Death, ...]:
    """Return the deaths that *headers* tell of, newest first; what is no death is passed over."""
    if not headers:
        return ()
    rows = headers.get("x-death")
    if not isinstance(rows, list | tuple):
        return ()
    found: dict[tuple[Text, Text], Death] = {}
    for row in cast("Iterable[object]", rows[:DEATHS_MAX]):
        death = _death(row)
        if death is not None:
            found.setdefault((death.queue, death.reason), death)
    return tuple(found.values())


def _death(row: object) -> Death | None:
    if not isinstance(row, dict):
        return None
    table = cast("dict[object, object]", row)
    queue, reason = table.get("queue"), table.get("reason")
    if not isinstance(queue, str | bytes) or not isinstance(reason, str | bytes):
        return None
    time = table.get("time")
    return Death(
        queue,
        shown(reason),
        _count(table.get("count")),
        _text(table.get("exchange")),
        _first_text(table.get("routing-keys")),
        time.seconds * 1_000_000_000 if isinstance(time, AmqpTimestamp) else None,
    )


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return min(max(value, 1), COUNT_MAX)
    return 1


def _text(value: object) -> Text | None:
    return value if isinstance(value, str | bytes) else None


def _first_text(value: object) -> Text | None:
    if isinstance(value, list | tuple) and value:
        return _text(cast("list[object]", value)[0])
    return None


def is_cycle(deaths: Iterable[Death], queue: Text) -> bool:
    """Return whether the broker drops what died by *deaths* (newest first) rather than give it to *queue* again.

    It does where the message was there before and nobody rejected it since (``rabbit_dead_letter:is_cycle``).
    """
    for death in deaths:
        if death.reason == "rejected":
            return False
        if death.queue == queue:
            return True
    return False


def history_of(deaths: Iterable[Death]) -> History | None:
    """Return *deaths* as what two sightings of one copy share, whatever their order; None: no deaths."""
    history = frozenset((death.queue, death.reason, death.count) for death in deaths)
    return history or None


def before(history: History | None, death: Death) -> History | None:
    """Return *history* as it was before the last of *death*."""
    if history is None:
        return None
    rest = set(history)
    for row in history:
        if row[0] == death.queue and row[1] == death.reason:
            rest.discard(row)
            if row[2] > 1:
                rest.add((row[0], row[1], row[2] - 1))
    return frozenset(rest) or None


def contains(history: History | None, claimed: History) -> bool:
    """Return whether *history* goes on from all that *claimed* holds: some brokers do not heed what a publish carried."""
    return all(carried(history, queue, reason) >= count for queue, reason, count in claimed)


def carried(history: History | None, queue: Any, reason: Any) -> int:
    """Return how often *history*, which a publish carried, claims a death in *queue* for *reason*."""
    for row in history or ():
        if row[0] == queue and row[1] == reason:
            return row[2]
    return 0


def after(history: History | None, queue: Any, reason: Any, count: int) -> History:
    """Return *history* once a copy has died in *queue* for *reason*, for the *count*th time."""
    rest = {row for row in history or () if row[0] != queue or row[1] != reason}
    rest.add((queue, reason, count))
    return frozenset(rest)
