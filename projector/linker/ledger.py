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

    def apply(self, fact: Fact, at: int) -> None:
        """Take over what *fact* says of capture."""
        match fact:
            case CaptureStarted():
                if self.started is None:
                    self.started = at
            case GapOpened():
                if len(self.open) < GAPS_MAX:
                    self.open[(fact.gap, fact.vhost)] = fact.since
            case GapClosed():
                self.open.pop((fact.gap, fact.vhost), None)
                if fact.estimated != 0:
                    self.closed.append((fact.vhost, fact.since, fact.until))
                    del self.closed[:-GAPS_MAX]
            case _:
                pass

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

    def save(self) -> list[Any]:
        """Return the state as builtins."""
        return [self.started, [[*key, since] for key, since in self.open.items()], self.closed]

    def restore(self, saved: list[Any]) -> None:
        """Take the state that :meth:`save` returned."""
        self.started = saved[0]
        self.open = {(gap, vhost): since for gap, vhost, since in saved[1]}
        self.closed = [(vhost, since, until) for vhost, since, until in saved[2]]
