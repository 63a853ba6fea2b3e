"""The table of latencies for any range of time, worked out from what the latencies view counted.

Pure. The range is widened to the hours (or, further back, days) that were counted, and the answer says to which.
"""

from collections.abc import Mapping
from typing import Any

from events.values import shown
from projector.answers import Latencies, Latency, Percentiles
from projector.linker.processing import EVIDENCE
from projector.views.ends import UNKNOWN_SERVICE, UNSEEN
from projector.views.latencies import HOUR_NS, Key, LatenciesState, Times
from projector.views.sketch import RELATIVE_ERROR, Sketch, counted, percentiles

EDGE, QUEUE, TYPE = "edge", "queue", "type"
BY = (EDGE, QUEUE, TYPE)
SHARES = (0.5, 0.9, 0.95, 0.99, 1.0)
ROWS_TOLD_MAX = 2_000

Group = tuple[Any, ...]
"""Publisher, vhost, queue, subscriber, type; None where the rows are not told apart by it."""


def table(
    state: LatenciesState, by: str, since: int | None = None, until: int | None = None
) -> Latencies:
    """Return the latencies of what was delivered between *since* and *until* (ns; None: no end), told apart *by*."""
    names = state.ends.services()
    groups: dict[Group, Times] = {}
    first: int | None = None
    last: int | None = None
    for key, times in state.rows.items():
        begin, end = key[0] * HOUR_NS, (key[0] + key[1]) * HOUR_NS
        if (since is not None and end <= since) or (until is not None and begin >= until):
            continue
        first = begin if first is None else min(first, begin)
        last = end if last is None else max(last, end)
        groups.setdefault(_group(by, key, names), Times()).merge(times)
    complete = state.complete_from * HOUR_NS
    return answer(
        by,
        groups,
        since=first if first is not None else since,
        until=last if last is not None else until,
        complete_since=complete if complete and (since is None or since < complete) else None,
    )


def answer(
    by: str,
    groups: Mapping[Group, Times],
    *,
    since: int | None,
    until: int | None,
    complete_since: int | None = None,
) -> Latencies:
    """Return *groups* as the answer, the ones with the most deliveries first."""
    rows = sorted(groups.items(), key=lambda item: (-counted(item[1].waits), repr(item[0])))
    return Latencies(
        by=by,
        since=since,
        until=until,
        complete_since=complete_since,
        relative_error=RELATIVE_ERROR,
        rows=len(rows),
        items=tuple(_row(group, times) for group, times in rows[:ROWS_TOLD_MAX]),
    )


def group_of(by: str, publisher: str, vhost: Any, queue: Any, subscriber: str, label: Any) -> Group:
    """Return the group that a delivery belongs to when told apart *by*."""
    if by == EDGE:
        return (publisher, vhost, queue, subscriber, None)
    return (
        (None, vhost, queue, None, None) if by == QUEUE else (None, None, None, None, shown(label))
    )


def _group(by: str, key: Key, names: Mapping[int, str]) -> Group:
    _, _, publisher, consumer, vhost, queue, label = key
    told = UNKNOWN_SERVICE if publisher == UNSEEN else names[publisher]
    given = UNKNOWN_SERVICE if consumer == UNSEEN else names[consumer]
    return group_of(by, told, vhost, queue, given, label)


def _row(group: Group, times: Times) -> Latency:
    publisher, vhost, queue, subscriber, label = group
    return Latency(
        publisher=publisher,
        subscriber=subscriber,
        vhost=vhost,
        queue=queue,
        type=label,
        queue_wait=_percentiles(times.waits),
        processing=_percentiles(times.work),
        processing_evidence={
            str(EVIDENCE[rank]): count for rank, count in sorted(times.worked_by.items()) if count
        },
        end_to_end=_percentiles(times.ends),
        left_out=times.left_out,
    )


def _percentiles(sketch: Sketch) -> Percentiles:
    p50, p90, p95, p99, longest = percentiles(sketch, SHARES)
    return Percentiles(counted(sketch), p50, p90, p95, p99, longest)
