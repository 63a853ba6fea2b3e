"""Distributions of times that can be added, taken from, and merged: percentiles with a known error.

Pure, and in whole numbers, so that it comes to the same on every machine. A sketch is a plain dictionary of bins to counts.
Times are counted in microseconds: exactly below 64 µs, and above in bins of which 32 lie between a power of two and the
next, so that a percentile is told within `RELATIVE_ERROR` of a value that was counted.
"""

from collections.abc import Iterable, Mapping
from math import ceil

Sketch = dict[int, int]

NS_PER_US = 1_000
EXACT_BITS = 6
HALF = 1 << (EXACT_BITS - 1)
RELATIVE_ERROR = 1 / 64


def bin_of(ns: int) -> int:
    """Return the bin of a time; one below 0 counts as 0."""
    us = ns // NS_PER_US
    if us <= 0:
        return 0
    shift = us.bit_length() - EXACT_BITS
    return us if shift <= 0 else shift * HALF + (us >> shift)


def middle_us(number: int) -> float:
    """Return the time (µs) that stands for all in a bin."""
    if number < 2 * HALF:
        return float(number)
    shift = number // HALF - 1
    return ((number - shift * HALF) << shift) + ((1 << shift) - 1) / 2


def add(sketch: Sketch, ns: int) -> None:
    """Count a time."""
    number = bin_of(ns)
    sketch[number] = sketch.get(number, 0) + 1


def take(sketch: Sketch, ns: int) -> bool:
    """Take back a time that was counted; return whether it, or one that cannot be told from it, was there."""
    number = bin_of(ns)
    count = sketch.get(number, 0)
    if count > 1:
        sketch[number] = count - 1
    elif count:
        del sketch[number]
    return count > 0


def merge(into: Sketch, other: Mapping[int, int]) -> None:
    """Count in *into* what *other* counts."""
    for number, count in other.items():
        into[number] = into.get(number, 0) + count


def counted(sketch: Mapping[int, int]) -> int:
    """Return how many times were counted."""
    return sum(sketch.values())


def percentiles(sketch: Mapping[int, int], shares: Iterable[float]) -> list[float | None]:
    """Return for each of *shares* (0 to 1, rising) the time in ms that so many were at most; None when none was counted."""
    total = counted(sketch)
    if not total:
        return [None for _ in shares]
    found: list[float | None] = []
    bins = iter(sorted(sketch.items()))
    number, seen = next(bins)[0], 0
    seen = sketch[number]
    for share in shares:
        wanted = max(1, ceil(share * total))
        while seen < wanted:
            number, count = next(bins)
            seen += count
        found.append(middle_us(number) / 1_000)
    return found
