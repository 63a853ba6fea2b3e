"""The span of time a query looks at, so that a search can name the gaps in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.query import And, MatchAll, Not, Or, Query, Range, Term
from store.query_parser import parse
from store.query_time import overlaps, time_span

NOW_NS = 1_000_000
BOUND = st.none() | st.integers(0, 50)


def ranges() -> st.SearchStrategy[Query]:
    return st.builds(Range, st.just("published_at"), BOUND, BOUND)


QUERIES: st.SearchStrategy[Query] = st.recursive(
    ranges() | st.just(Term("type", "x")) | st.just(MatchAll()),
    lambda inner: (
        st.builds(And, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(Not, inner)
    ),
    max_leaves=8,
)


def may_match(query: Query, at: int) -> bool:
    """Return whether some message published at *at* can match; other conditions are taken as free to hold or not."""
    match query:
        case Range(low=low, high=high):
            return (low is None or at >= low) and (high is None or at <= high)
        case And(parts):
            return all(may_match(part, at) for part in parts)
        case Or(parts):
            return any(may_match(part, at) for part in parts)
        case _:
            return True


@given(QUERIES, st.integers(0, 50))
def test_the_span_holds_every_time_that_can_match(query: Query, at: int) -> None:
    """A message that can match was published within the span."""
    low, high = time_span(query, NOW_NS)

    if may_match(query, at):
        assert low is None or low <= at
        assert high is None or at <= high


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("published_at:[now-1m TO now]", (10**18 - 60 * 10**9, 10**18)),
        ("type:x published_at:>now-1s", (10**18 - 10**9, None)),
        ("type:x", (None, None)),
    ],
)
def test_relative_times_count_from_now(text: str, span: tuple[int | None, int | None]) -> None:
    """``now`` is the search's now, also beside other conditions."""
    assert time_span(parse(text), 10**18) == span


def test_a_gap_without_an_end_touches_every_later_time() -> None:
    """An open gap overlaps what comes after its start and nothing before."""
    assert overlaps((10, 20), 5, None)
    assert overlaps((10, 20), 20, 30)
    assert not overlaps((10, 20), 21, None)
    assert not overlaps((10, 20), 1, 9)
