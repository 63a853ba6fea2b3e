"""When a tap is full and drops its oldest events: the gap that this is. Pure.

The events lost are the oldest in the tap, not the newest: they were published after all that was taken when it was found
full, and before it was found full for the last time.
"""

from collections import deque
from collections.abc import Iterable

from collector.ledger.gaps import closed, opened
from events.facts import GapClosed, GapOpened

OVERFLOW_SHARE = 0.99
OVERFLOW = "tap-overflow"
BYTES_LATE_NS = 20_000_000_000
"""So late may the number of bytes be that the broker tells: a queue's statistics, and the interval of the samples."""


class Overflows:
    """The overflow gaps of the firehose taps, which hold *messages_max* events and *bytes_max* bytes each."""

    def __init__(self, messages_max: int, bytes_max: int) -> None:
        self._full_at = OVERFLOW_SHARE * messages_max
        self._full_at_bytes = OVERFLOW_SHARE * bytes_max
        self._gaps: dict[str, GapOpened] = {}
        self._bounds: dict[str, deque[tuple[int, int]]] = {}

    def adopt(self, gaps: Iterable[GapOpened]) -> None:
        """Go on with *gaps* that are open from before."""
        for gap in gaps:
            if gap.why == OVERFLOW and isinstance(gap.vhost, str):
                self._gaps[gap.vhost] = gap

    def looked(
        self, vhost: str, ready: int, now_ns: int, *, since_ns: int, bytes_ready: int = 0
    ) -> list[GapOpened | GapClosed]:
        """Return what it means that *ready* events wait in the tap of *vhost* at *now_ns*.

        All that was published before *since_ns* has been taken. *bytes_ready* may be older than that by
        :data:`BYTES_LATE_NS`, so a tap found full by it may have dropped events since then.
        """
        gap = self._gaps.get(vhost)
        bounds = self._bounds.setdefault(vhost, deque())
        bounds.append((now_ns, since_ns))
        while len(bounds) > 1 and bounds[1][0] <= now_ns - BYTES_LATE_NS:
            bounds.popleft()
        full_before = bytes_ready >= self._full_at_bytes
        full = ready >= self._full_at or full_before
        if full and gap is None:
            since = min(bound for _, bound in bounds) if full_before else since_ns
            self._gaps[vhost] = gap = opened(OVERFLOW, vhost, min(since, now_ns))
            return [gap]
        if not full and gap is not None:
            del self._gaps[vhost]
            return [closed(gap, now_ns)]
        return []
