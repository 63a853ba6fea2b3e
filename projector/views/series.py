"""Series of counts for a chart, summed from the slices of the view `rates`.

Pure. Buckets are as wide as asked for, rounded up to whole slices of the finest step that goes back far enough, and begin
at whole multiples of their width, so that a chart that is asked for again stands still.
"""

from bisect import bisect_left
from typing import Any

from projector.system import Depth, RateBucket, Rates
from projector.views.depths import Depth as Sample
from projector.views.ends import UNSEEN
from projector.views.names import exchange_id, queue_id, service_id
from projector.views.rates import PUBLISHED, TIMERS, UNROUTABLE, RatesState
from projector.views.slices import SECOND_NS, STEPS_S

WHATS = TIMERS + 1


def series(
    state: RatesState, about: str | None, to: str | None, *, since: int, until: int, buckets: int
) -> Rates:
    """Return what was counted from *since* to before *until* (ns), in at most *buckets* (and one) spans.

    *about* and *to* are ids of nodes; with both it is the way from one to the other, with none all that was seen.
    """
    step = state.slices.fits(since)
    width = -(-(until - since) // (buckets * STEPS_S[step] * SECOND_NS)) * STEPS_S[step] * SECOND_NS
    begin = since - since % width
    count = -(-(until - begin) // width)
    wanted = _wanted(state, about, to)
    sums = [[0] * WHATS for _ in range(count)]
    for slot, counts in state.slices.table(step).items():
        bucket = (slot * STEPS_S[step] * SECOND_NS - begin) // width
        if not 0 <= bucket < count:
            continue
        for number, times in counts.items():
            what = wanted.get(number)
            if what is not None:
                sums[bucket][what] += times
    complete = state.slices.complete_from[step]
    return Rates(
        about=about,
        to=to,
        since=begin,
        until=until,
        width_ns=width,
        resolution_ns=STEPS_S[step] * SECOND_NS,
        complete_since=complete if complete > begin else None,
        buckets=tuple(
            RateBucket(begin + i * width, min(until, begin + (i + 1) * width), *row)
            for i, row in enumerate(sums)
        ),
        depths=_depths(state, about, begin, until) if to is None else (),
    )


def _wanted(state: RatesState, about: str | None, to: str | None) -> dict[int, int]:
    """Return what is counted under the number of each key that belongs to the series."""
    names = state.ends.services()
    found: dict[int, int] = {}
    for key, number in state.slices.keys.items():
        sources, targets = _ends_of(key, names)
        places = (*sources, *targets)
        if about is None or (
            about in places if to is None else (about in sources and to in targets)
        ):
            found[number] = key[0]
    if about is None or to is not None or not about.startswith("queue:"):
        return found
    return {number: what for number, what in found.items() if what != UNROUTABLE}


def _ends_of(key: Any, names: dict[int, str]) -> tuple[list[str], list[str]]:
    """Return the ids of the nodes that what is counted under *key* goes from and to; an exchange is both."""
    what, slot, vhost, name, others = key
    service = [] if slot == UNSEEN else [service_id(names[slot])]
    if what in (PUBLISHED, UNROUTABLE):
        exchange = exchange_id(vhost, name)
        return [*service, exchange], [exchange, *(queue_id(vhost, queue) for queue in others)]
    exchanges = [exchange_id(vhost, exchange) for exchange in others if exchange != ""]
    return [queue_id(vhost, name)], [*service, *exchanges]


def _depths(state: RatesState, about: str | None, since: int, until: int) -> tuple[Depth, ...]:
    """Return the samples of a queue before *until*, from the last one before *since* on: that one holds at *since*."""
    if about is None or not about.startswith("queue:"):
        return ()
    for place, samples in state.depths.queues.items():
        if queue_id(*place) == about:
            first = max(bisect_left(samples, since, key=_at) - 1, 0)
            last = bisect_left(samples, until, key=_at)
            return tuple(
                Depth(each.at, each.ready, each.unacked, each.believed)
                for each in samples[first:last]
            )
    return ()


def _at(sample: Sample) -> int:
    return sample.at
