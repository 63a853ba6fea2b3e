"""Sketches of times: percentiles within the stated error, and laws of adding, taking and merging."""

from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from projector.views.sketch import (
    RELATIVE_ERROR,
    Sketch,
    add,
    bin_of,
    counted,
    merge,
    middle_us,
    percentiles,
    take,
)

TIMES_NS = st.integers(0, 40 * 24 * 3_600 * 10**9)


def of(times: list[int]) -> Sketch:
    made: Sketch = {}
    for ns in times:
        add(made, ns)
    return made


@given(TIMES_NS)
def test_a_bin_stands_for_its_times(ns: int) -> None:
    """What stands for a time is within the stated error of it, and exact below 64 µs."""
    us = ns // 1_000
    told = middle_us(bin_of(ns))

    assert abs(told - us) <= us * RELATIVE_ERROR
    assert us >= 64 or told == us


@given(TIMES_NS, TIMES_NS)
def test_bins_are_in_the_order_of_times(one: int, other: int) -> None:
    """A longer time is never in an earlier bin."""
    assert (bin_of(min(one, other))) <= bin_of(max(one, other))


@given(st.lists(TIMES_NS, min_size=1), st.lists(st.floats(0, 1), min_size=1).map(sorted))
def test_percentiles_are_those_of_the_times(times: list[int], shares: list[float]) -> None:
    """Each percentile is, within the error, the time of that rank."""
    ranked = sorted(times)

    for share, told in zip(shares, percentiles(of(times), shares), strict=True):
        true_ms = ranked[max(1, ceil(share * len(times))) - 1] // 1_000 / 1_000
        assert told is not None
        assert abs(told - true_ms) <= true_ms * RELATIVE_ERROR + 1e-9


@given(st.lists(TIMES_NS), st.lists(TIMES_NS))
def test_merging_counts_both(one: list[int], other: list[int]) -> None:
    """Two sketches merged are the sketch of all their times."""
    merged = of(one)
    merge(merged, of(other))

    assert merged == of([*one, *other])
    assert counted(merged) == len(one) + len(other)


@given(st.lists(TIMES_NS), TIMES_NS)
def test_what_was_added_can_be_taken_back(times: list[int], ns: int) -> None:
    """Taking a time back leaves the sketch as it was; what was never counted is not taken."""
    made = of([*times, ns])

    assert take(made, ns)
    assert made == of(times)
    assert take({}, ns) is False


def test_of_nothing_there_are_no_percentiles() -> None:
    """An empty sketch tells no time at all."""
    assert percentiles({}, (0.5, 1.0)) == [None, None]


def test_a_negative_time_counts_as_none() -> None:
    """Clocks that step back make no bin of their own."""
    assert bin_of(-5) == bin_of(0) == 0
