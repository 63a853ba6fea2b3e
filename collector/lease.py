"""How long a leader may believe that it still leads. Pure: the caller has the clock.

The broker lets go of a leader that it has not heard of for two heartbeats at least. So a leader that was answered may append
until shortly before that time after it asked, and then must ask again. One that was stopped for longer finds its lease over
when it goes on, whatever else is waiting for it to be read.
"""

from typing import Final

HEARTBEATS_HELD: Final = 1.75


class Lease:
    """The right to append; times in s of one monotonic clock."""

    def __init__(self, heartbeat_s: float) -> None:
        self._held_s = HEARTBEATS_HELD * heartbeat_s
        self._asked_at: float | None = None

    def answered(self, asked_at: float) -> None:
        """Note that the broker answered what was asked at *asked_at*, so that we led then."""
        if self._asked_at is None or asked_at > self._asked_at:
            self._asked_at = asked_at

    def holds(self, now: float) -> bool:
        """Say whether nobody else can lead at *now*."""
        return self._asked_at is not None and now - self._asked_at < self._held_s
