"""How long a tap's events may have waited before the collector got them. Pure.

The firehose carries no broker time. What is known is how deep the queue was at some moment: what comes after all that
was under way and ready then was published after that moment. Deliveries are counted by their tags, which a channel with
one consumer gives out without a hole, from 1.
"""

from typing import NamedTuple

LIVE_READY_MAX = 100
"""So few ready events are on their way to a live collector."""
LIVE_NS_MAX = 2_000_000_000
"""An event is called live only if it is known to have waited less than this."""
HIDDEN_NS = 5_000_000_000
"""Under load a quorum queue does not tell of events that stand in its log only; for so long at most."""
STEP_NS_MAX = 2_000_000_000
UNKNOWN_NS = 24 * 3600 * 1_000_000_000


class _Mark(NamedTuple):
    """From the delivery after *tag* on: published after *since* (ns; None: no news), and live as far as that goes."""

    tag: int
    since: int | None
    live: bool


class TapLag:
    """Bounds the lag of one tap's deliveries, asked for in order.

    *ready* is the depth found before consuming at *now_ns*; what was in there was published after *since_ns*.
    """

    def __init__(self, *, ready: int, since_ns: int, now_ns: int) -> None:
        self._live = ready == 0
        self._since = now_ns if ready == 0 else since_ns
        self._sampled_at = now_ns
        self._marks = [_Mark(ready, now_ns, live=False)] if ready else []

    def sampled(self, ready: int, *, tag: int, at_ns: int) -> None:
        """Take in that *ready* events waited at *at_ns*, when deliveries up to *tag* at most were under way."""
        if (
            at_ns < self._sampled_at - STEP_NS_MAX
        ):  # the clock was set back: times before say nothing any more
            self._marks, self._live = [], False
            self._since = at_ns - UNKNOWN_NS
        self._sampled_at = at_ns
        before = [mark for mark in self._marks if mark.tag <= tag]
        if ready <= LIVE_READY_MAX:
            between = [mark for mark in self._marks if tag < mark.tag < tag + ready]
            news = [*between, _Mark(tag + ready, at_ns, live=True)]
        else:
            waiting = [
                mark._replace(live=False) for mark in self._marks if tag < mark.tag < tag + ready
            ]
            news = [
                _Mark(tag, None, live=False),
                *waiting,
                _Mark(tag + ready, at_ns, live=False),
            ]
        self._marks = [*before, *news]

    def lag_ms(self, tag: int, now_ns: int) -> int:
        """Return how long delivery *tag*, taken at *now_ns*, may have waited, in ms; 0 says live."""
        while self._marks and tag > self._marks[0].tag:
            mark = self._marks.pop(0)
            self._live = mark.live
            self._since = self._since if mark.since is None else mark.since
        waited_ns = now_ns - self._since
        if self._live and waited_ns <= LIVE_NS_MAX:
            return 0
        return max(1, (waited_ns + HIDDEN_NS) // 1_000_000)

    def complete_until(self, tag: int) -> int:
        """Return the moment (ns) such that all that was published before it was taken with the deliveries up to *tag*."""
        known = [mark.since for mark in self._marks if mark.tag <= tag and mark.since is not None]
        return max([self._since, *known]) - HIDDEN_NS
