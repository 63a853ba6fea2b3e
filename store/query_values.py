"""Numbers and times as a query writes them.

Pure. A time written without its smaller parts means all of that day, minute or second, so that ``[a TO b]`` with dates
includes the last day. ``now`` stays relative until the search.
"""

import math
import re
from datetime import UTC, datetime, timedelta, timezone

import msgspec

from store.query import Range

SECOND_NS = 1_000_000_000

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_NOW = re.compile(r"now(?:([+-])(\d{1,9})([smhdw]))?", re.ASCII)
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INTEGER_MAX = 2**63 - 1


class Bound(msgspec.Struct, frozen=True):
    """What a number or a time covers, both ends included. `is_relative`: offsets in ns from the search's now."""

    first: int | float
    last: int | float
    is_relative: bool = False


def number_bound(text: str) -> Bound | None:
    """Return the number that *text* writes, None when it is none, or beyond what a store can compare."""
    if not _NUMBER.fullmatch(text):
        return None
    try:
        value: int | float = int(text)
    except ValueError:
        value = float(text)
    if abs(value) > INTEGER_MAX or (isinstance(value, float) and math.isinf(value)):
        return None
    return Bound(value, value)


def time_bound(text: str) -> Bound | None:
    """Return the time or span that *text* writes, in ns; None when it is none."""
    if (relative := _NOW.fullmatch(text)) is not None:
        sign, count, unit = relative.groups()
        offset = int(count or 0) * _UNITS_S[unit or "s"] * SECOND_NS * (-1 if sign == "-" else 1)
        return Bound(offset, offset, is_relative=True) if abs(offset) <= INTEGER_MAX // 4 else None
    found = _TIME.fullmatch(text)
    return None if found is None else _absolute(found)


def _absolute(found: re.Match[str]) -> Bound | None:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        told = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            tzinfo=_zone(zone),
        )  # fmt: skip
        since = told - _EPOCH
    except (ValueError, OverflowError):
        return None
    begin = (since.days * 86_400 + since.seconds) * SECOND_NS
    if fraction:
        begin += int(fraction.ljust(9, "0"))
        span = 10 ** (9 - len(fraction))
    elif second:
        span = SECOND_NS
    else:
        span = (60 if minute else 86_400) * SECOND_NS
    if abs(begin) + span > INTEGER_MAX:
        return None
    return Bound(begin, begin + span - 1)


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if minutes > 59:
        raise ValueError("no such offset")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def range_of(
    field: str, low: Bound | None, high: Bound | None, *, include: tuple[bool, bool], at: int
) -> Range:
    """Return the range between two bounds: an included one with all it covers, an excluded one with nothing of it."""
    include_low, include_high = include
    return Range(
        field=field,
        low=None if low is None else (low.first if include_low else low.last),
        high=None if high is None else (high.last if include_high else high.first),
        include_low=include_low,
        include_high=include_high,
        low_now=low is not None and low.is_relative,
        high_now=high is not None and high.is_relative,
        at=at,
    )
