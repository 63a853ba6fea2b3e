"""Counted rows: sums, spans and rates."""

from hypothesis import given
from hypothesis import strategies as st

from projector.views.rows import (
    AGAIN,
    FIRST,
    LAST,
    MESSAGES,
    WINDOW_NS,
    Row,
    count,
    gather,
    merge,
    new_row,
    rate_per_s,
)

times = st.lists(st.integers(1, 10 * WINDOW_NS), min_size=1, max_size=50).map(sorted)


def row_of(at: list[int]) -> Row:
    row = new_row(at[0])
    for time in at:
        count(row, time)
    return row


@given(times, times)
def test_merged_rows_count_like_one(one: list[int], other: list[int]) -> None:
    """Rows merged have the counts, span and rate of all that was counted in either."""
    merged, together = row_of(one), row_of(sorted(one + other))
    merge(merged, row_of(other))
    now = max(one + other)

    assert [merged[part] for part in (MESSAGES, FIRST, LAST, AGAIN)] == [
        together[part] for part in (MESSAGES, FIRST, LAST, AGAIN)
    ]
    assert rate_per_s(merged, now) == rate_per_s(together, now)


@given(times)
def test_a_rate_is_never_beyond_what_two_windows_hold(at: list[int]) -> None:
    """A rate counts at least what came in the running window, and at most that and the one before."""
    row, now = row_of(at), at[-1]
    start = now - now % WINDOW_NS
    recent = sum(time >= start for time in at)
    before = sum(start - WINDOW_NS <= time < start for time in at)
    rate = rate_per_s(row, now) * WINDOW_NS / 1e9

    assert recent - 0.001 <= rate <= recent + before + 0.001


@given(times)
def test_nothing_came_lately_when_nothing_came_for_two_windows(at: list[int]) -> None:
    """Two windows after the last message the rate is zero."""
    assert rate_per_s(row_of(at), at[-1] + 2 * WINDOW_NS) == 0.0


def test_gathering_leaves_out_what_has_no_group() -> None:
    """Rows are merged by group, in the order first met; the rows themselves stay as they were."""
    rows = {"a": row_of([1]), "b": row_of([2]), "c": row_of([3])}
    gathered = gather(rows, lambda key: None if key == "c" else "ab")

    assert {name: row[MESSAGES] for name, row in gathered.items()} == {"ab": 2}
    assert rows["a"][MESSAGES] == 1
