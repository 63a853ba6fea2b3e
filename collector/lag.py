"""How long an event may have waited in its tap before the collector got it. Pure.

The firehose carries no broker time, so what is known is when the queue was how deep: an event that came after all that
was ready at some moment was published after that moment.
"""

from collections import deque

live_ready_max = 100
"""So few ready events are on their way to a live collector."""
unknown_ns = 24 * 3600 * 1_000_000_000


class TapLag:
    """Bounds the lag of one tap's deliveries, counted as they come.

    *ready* is the depth found before consuming at *now_ns*; what was in there was published after *since_ns*.
    """

    def __init__(self, *, ready: int, since_ns: int, now_ns: int) -> None:
        self._count = 0
        self._live = ready == 0
        self._since = since_ns
        self._marks: deque[tuple[int, int]] = deque([(ready, now_ns)] if ready else [])

    def sampled(self, ready: int, now_ns: int) -> None:
        """Take in the depth of the tap at *now_ns*."""
        if ready <= live_ready_max:
            if not self._marks:
                self._live, self._since = True, now_ns
            return
        if self._live:
            self._live = False
        self._marks.append((self._count + ready, now_ns))

    def next_ms(self, now_ns: int) -> int:
        """Count one delivery got at *now_ns*, and return how long it may have waited, in ms; 0 says live."""
        self._count += 1
        while self._marks and self._count > self._marks[0][0]:
            self._since = self._marks.popleft()[1]
        if self._live:
            return 0
        return max(1, (now_ns - self._since) // 1_000_000)
