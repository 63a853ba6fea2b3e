"""Why a publish may not have been observed, from capture's own facts.

Pure. Where nothing tells, the likeliest reason is that the message was published before capture began.
"""

from typing import Any

from events.facts import CaptureStarted, Fact, GapClosed, GapOpened, Table
from events.values import Text

GAPS_MAX = 256

BEFORE_CAPTURE = "before capture"
IN_A_GAP = "inside a gap"
SHOVEL, FEDERATION, STREAM = "shovel", "federation", "stream protocol"
UNKNOWN = "unknown"


class Ledger:
    """Open gaps and those closed of late; `started` is when capture first began (ns), None before that."""

    def __init__(self) -> None:
        self.started: int | None = None
        self.open: dict[tuple[str, Any], int] = {}
        self.closed: list[tuple[Any, int, int]] = []

    def apply(self, fact: Fact, at: int) -> list[tuple[Text, int]]:
        """Take over what *fact* says of capture; return where and since when (ns) :meth:`touches` may answer otherwise."""
        match fact:
            case CaptureStarted():
                if self.started is None:
                    self.started = at
                return []
            case GapOpened():
                if len(self.open) < GAPS_MAX:
                    self.open[(fact.gap, fact.vhost)] = fact.since
                return [(fact.vhost, fact.since)]
            case GapClosed():
                since = self.open.pop((fact.gap, fact.vhost), fact.since)
                moved = [(fact.vhost, min(since, fact.since))]
                if fact.estimated != 0:
                    self.closed.append((fact.vhost, fact.since, fact.until))
                    moved += [(vhost, begin) for vhost, begin, _ in self.closed[:-GAPS_MAX]]
                    del self.closed[:-GAPS_MAX]
                return moved
            case _:
                return []

    def reason(self, vhost: Text, headers: Table | None, *, stream: bool, forgotten: bool) -> str:
        """Return why the publish of a message first met now was likely not observed."""
        if headers is not None and ("x-shovelled" in headers or "x-shovelled-by" in headers):
            return SHOVEL
        if headers is not None and "x-received-from" in headers:
            return FEDERATION
        if stream:
            return STREAM
        if forgotten:
            return "published longer ago than is remembered"
        if any(where in (vhost, "") for _, where in self.open) or any(
            where in (vhost, "") for where, _, _ in self.closed
        ):
            return IN_A_GAP
        return BEFORE_CAPTURE

    def touches(self, vhost: Text, since: int, until: int) -> bool:
        """Return whether something of *vhost* may have been missed between *since* and *until* (ns)."""
        if not self.open and not self.closed:
            return False
        if any(where in (vhost, "") and at < until for (_, where), at in self.open.items()):
            return True
        return any(
            where in (vhost, "") and begin < until and since < end
            for where, begin, end in self.closed
        )

    def save(self) -> list[Any]:
        """Return the state as builtins."""
        return [self.started, [[*key, since] for key, since in self.open.items()], self.closed]

    def restore(self, saved: list[Any]) -> None:
        """Take the state that :meth:`save` returned."""
        self.started = saved[0]
        self.open = {(gap, vhost): since for gap, vhost, since in saved[1]}
        self.closed = [(vhost, since, until) for vhost, since, until in saved[2]]
