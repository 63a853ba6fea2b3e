"""What the collector of `hoptrail run` lets the other roles know: that nothing is captured now, since when, and why.

The roles are processes of one supervisor, which gives each of them the same file without a name: so the word is there at
once, holds when a role is started again, and costs neither the broker nor the log anything. Of a collector elsewhere
nothing is known this way.
"""

import json
import os
import time
from typing import Final, NamedTuple

RECORD_BYTES: Final = 2_048
WHY_CHARS_MAX: Final = 400
CAPTURES: Final = b" " * RECORD_BYTES


class Lost(NamedTuple):
    """Nothing is captured since *since* (ns UTC); *why* is for a person."""

    since: int
    why: str


class Word:
    """The file behind descriptor *fd*, shared by those who write and those who read."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def captures(self) -> None:
        """Write down that the collector captures."""
        os.pwrite(self._fd, CAPTURES, 0)

    def lost(self, why: str) -> None:
        """Write down that nothing is captured because of *why*; since when is kept from the first time."""
        known = self.read()
        since = time.time_ns() if known is None else known.since
        told = json.dumps([since, why[:WHY_CHARS_MAX]]).encode()
        os.pwrite(self._fd, told.ljust(RECORD_BYTES), 0)

    def read(self) -> Lost | None:
        """Return what was written last; None while the collector captures, and of what is half written."""
        try:
            since, why = json.loads(os.pread(self._fd, RECORD_BYTES, 0))
        except ValueError:
            return None
        return Lost(since, why)
