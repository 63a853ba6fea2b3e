"""Heartbeats of both sides: when to send one, and when the peer has been silent for too long.

Pure; the caller has the clock.
"""

SILENT_INTERVALS_MAX = 2.5


class Heart:
    """What is known about life on a connection; all times are in seconds of one monotonic clock.

    An *interval_s* of 0 means no heartbeats in either direction.
    """

    def __init__(self, now: float) -> None:
        self.interval_s = 0.0
        self._heard_at = self._sent_at = self._looked_at = now

    def begin(self, interval_s: float, now: float) -> None:
        """Keep heartbeats from now on."""
        self.interval_s = interval_s
        self._heard_at = self._sent_at = self._looked_at = now

    def heard(self, now: float) -> None:
        """Say that bytes came."""
        self._heard_at = now

    def sent(self, now: float) -> None:
        """Say that bytes were sent."""
        self._sent_at = now

    def silent_s(self, now: float, *, reads: bool) -> float:
        """Return for how long the peer has been silent, when that is too long, else 0. Ask every half interval.

        Time in which we did not read does not count, nor time in which we did not get to ask.
        """
        late = now - self._looked_at - self.interval_s / 2
        self._looked_at = now
        if not reads:
            self._heard_at = now
        elif late > self.interval_s / 2:
            self._heard_at = min(now, self._heard_at + late)
        silent = now - self._heard_at
        return silent if 0 < self.interval_s * SILENT_INTERVALS_MAX < silent else 0.0

    def is_due(self, now: float) -> bool:
        """Say whether the peer should hear of us."""
        return 0 < self.interval_s / 2 <= now - self._sent_at
