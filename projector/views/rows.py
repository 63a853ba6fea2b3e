"""Counted rows: how many, first and last when, and how fast of late; by event time.

Pure. A row is a plain list of integers, so that counting costs one comparison and two stores: `messages`, `first` and
`last` seen (ns), the end of the window it was last counted in (ns), `messages` at that window's start, the count of the
window before, and `again` (repeats that are no new messages).
"""

from collections.abc import Callable, Hashable
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Group = TypeVar("Group", bound=Hashable)
Row = list[int]

MESSAGES, FIRST, LAST, WINDOW_END, AT_WINDOW_START, BEFORE, AGAIN = range(7)
WINDOW_NS = 60_000_000_000


def new_row(at: int) -> Row:
    """Return an empty row first seen at *at* ns."""
    return [0, at, at, at - at % WINDOW_NS + WINDOW_NS, 0, 0, 0]


def count(row: Row, at: int) -> None:
    """Count one message seen at *at* ns."""
    if at >= row[3]:
        turn(row, at)
    row[0] += 1
    row[2] = at


def turn(row: Row, at: int) -> None:
    """Begin the window that holds *at*."""
    in_window = row[MESSAGES] - row[AT_WINDOW_START]
    row[BEFORE] = in_window if at < row[WINDOW_END] + WINDOW_NS else 0
    row[AT_WINDOW_START] = row[MESSAGES]
    row[WINDOW_END] = at - at % WINDOW_NS + WINDOW_NS


def rate_per_s(row: Row, now: int) -> float:
    """Return messages per second over the last window before *now* ns (a sliding estimate from two fixed windows)."""
    end, current, before = row[WINDOW_END], row[MESSAGES] - row[AT_WINDOW_START], row[BEFORE]
    if now >= end + WINDOW_NS:
        return 0.0
    if now >= end:
        end, current, before = end + WINDOW_NS, 0, current
    passed = min(1.0, max(0.0, (now - end + WINDOW_NS) / WINDOW_NS))
    return (current + before * (1 - passed)) * 1e9 / WINDOW_NS


def merge(into: Row, other: Row) -> None:
    """Add *other* to *into*."""
    late, early = (into, other) if into[WINDOW_END] >= other[WINDOW_END] else (other, into)
    in_late, before = late[MESSAGES] - late[AT_WINDOW_START], late[BEFORE]
    in_early = early[MESSAGES] - early[AT_WINDOW_START]
    if early[WINDOW_END] == late[WINDOW_END]:
        in_late, before = in_late + in_early, before + early[BEFORE]
    elif early[WINDOW_END] + WINDOW_NS == late[WINDOW_END]:
        before += in_early
    end = late[WINDOW_END]
    into[MESSAGES] += other[MESSAGES]
    into[FIRST] = min(into[FIRST], other[FIRST])
    into[LAST] = max(into[LAST], other[LAST])
    into[WINDOW_END] = end
    into[AT_WINDOW_START] = into[MESSAGES] - in_late
    into[BEFORE] = before
    into[AGAIN] += other[AGAIN]


def gather(rows: dict[Key, Row], group: Callable[[Key], Group | None]) -> dict[Group, Row]:
    """Return *rows* merged by *group*, in the order first met; None leaves a row out."""
    gathered: dict[Group, Row] = {}
    for key, row in rows.items():
        name = group(key)
        if name is None:
            continue
        known = gathered.get(name)
        if known is None:
            gathered[name] = row.copy()
        else:
            merge(known, row)
    return gathered
