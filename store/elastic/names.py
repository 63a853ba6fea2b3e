"""The names of the indices, and which belong to what: one prefix per hoptrail. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

PREFIX = "hoptrail"
DAY_NS = 86_400 * 1_000_000_000
PREFIX_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Names:
    """Names of the indices that begin with *prefix*."""

    prefix: str = PREFIX

    def blocks(self, segment: int) -> str:
        """Return the index that holds the blocks of *segment*."""
        return f"{self.prefix}-log-blocks-{segment:06}"

    def bodies(self, segment: int) -> str:
        """Return the index that holds the bodies of *segment*."""
        return f"{self.prefix}-log-bodies-{segment:06}"

    @property
    def log_pattern(self) -> str:
        return f"{self.prefix}-log-*"

    @property
    def segments(self) -> str:
        return f"{self.prefix}-segments"

    @property
    def keys(self) -> str:
        return f"{self.prefix}-keys"

    @property
    def snapshots(self) -> str:
        return f"{self.prefix}-snapshots"

    @property
    def checkpoints(self) -> str:
        return f"{self.prefix}-checkpoints"

    @property
    def messages(self) -> str:
        """The alias that searches go to."""
        return f"{self.prefix}-messages"

    @property
    def messages_pattern(self) -> str:
        return f"{self.prefix}-messages-v*"

    def messages_of(self, version: str) -> str:
        """Return the pattern of the indices that hold the documents of projection version *version*."""
        return f"{self.prefix}-messages-v{version}-*"

    def messages_index(self, version: str, at_ns: int) -> str:
        """Return the index of the documents whose day is that of *at_ns*, ns UTC."""
        return f"{self.prefix}-messages-v{version}-{_day(at_ns // DAY_NS)}"


@lru_cache(maxsize=1024)
def _day(number: int) -> str:
    """Return the day that begins *number* days after the epoch."""
    return f"{datetime.fromtimestamp(number * DAY_NS // 1_000_000_000, UTC):%Y.%m.%d}"
