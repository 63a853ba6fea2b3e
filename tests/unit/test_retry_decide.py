"""What a retry concludes: the rate, what the log proves, and which message on a queue is which item."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.operations.retry.decide import (
    Bucket,
    Matching,
    found_outcomes,
    open_items,
    seen_in,
    taken_as_published,
    window_of,
)
from events.facts import (
    Envelope,
    Fact,
    GapClosed,
    GapOpened,
    MessagePublished,
    Properties,
    RetryItem,
    RetryOutcome,
    RetryPlanned,
    RetryRequested,
)
from events.operations import OperatorState, Retry
from events.republish import Mark, marked

NAME = "0123456789abcdef"
VHOST = "shop"
ITEMS = 30


def item(number: int, fingerprint: bytes = b"f") -> RetryItem:
    """An item whose message stands at 100 + *number*."""
    return RetryItem(100 + number, 100 + number, "dead", "", "work", fingerprint)


def retry(*done: int, items: int = ITEMS, batch: int = 4, rate_per_s: float = 2.0) -> Retry:
    """A retry with *items*, of which those with the numbers *done* have an outcome."""
    state = OperatorState()
    asked = RetryRequested(
        "c", "local", NAME, "retry", "all", 0, VHOST, items, "", "none", batch, rate_per_s
    )
    planned = RetryPlanned("c", "local", NAME, 0, tuple(item(each) for each in range(items)))
    for position, fact in enumerate((asked, planned)):
        state.apply(Envelope(position, 1_000, 0, fact))
    found = state.retries[NAME]
    found.outcomes.update({each: RetryOutcome(each, "published") for each in done})
    return found


def copy(number: int, *, name: str = NAME, position: int | None = None, vhost: str = VHOST) -> Fact:
    """A publish with the marker of an item, routed to a queue."""
    mark = Mark(name, 100 + number if position is None else position, number)
    told = marked(Properties(), mark)
    return MessagePublished(
        "t", b"", vhost, "", ("work",), ("work",), "n", "c", 1, "u", told, b"f", None
    )


def seen(*facts: Fact, open_gaps: tuple[GapOpened, ...] = (), gaps_after: int = 0):
    """What *facts* say of a retry."""
    envelopes = [Envelope(at, 2_000 + at, 0, fact) for at, fact in enumerate(facts)]
    return seen_in(envelopes, retry(), gaps_after=gaps_after, open_gaps=open_gaps)


def closed(*, estimated: int, vhost: str = VHOST, until: int = 3_000) -> GapClosed:
    """A gap that ended."""
    return GapClosed("g", vhost, "", "tap-overflow", 1_500, until, estimated)


@given(st.sets(st.integers(0, ITEMS - 1)), st.sets(st.integers(0, ITEMS - 1)))
def test_every_item_ends_once(done: set[int], there: set[int]) -> None:
    """What has an outcome stays; of the rest what the log shows is found, and what it does not show is left to do."""
    known = retry(*done)
    found = seen(*(copy(each) for each in sorted(there)))
    outcomes = found_outcomes(found, open_items(known))

    assert {each.item for each in outcomes} == there - done
    assert {each.outcome for each in outcomes} <= {"found"}
    left = set(open_items(known)) - {each.item for each in outcomes}
    assert left | {each.item for each in outcomes} | done == set(range(ITEMS))


@pytest.mark.parametrize(
    "fact",
    [copy(1, name="f" * 16), copy(1, position=7), copy(999), copy(1, vhost="elsewhere")],
    ids=["other retry", "other message", "no such item", "other vhost"],
)
def test_only_a_copy_of_this_retry_counts(fact: Fact) -> None:
    """A marker of another retry, message, item or vhost proves nothing."""
    assert not seen(fact).copies


def test_a_copy_that_reached_no_queue_is_told_as_such() -> None:
    """A copy in the log without queues is unroutable, not found."""
    fact = copy(3)
    assert isinstance(fact, MessagePublished)
    lost = msgspec.structs.replace(fact, routed_queues=())

    assert [each.outcome for each in found_outcomes(seen(lost), [3])] == ["unroutable"]


@pytest.mark.parametrize(
    ("facts", "after", "counts"),
    [
        ((closed(estimated=5),), 0, True),
        ((closed(estimated=-1),), 0, True),
        ((closed(estimated=0),), 0, False),
        ((closed(estimated=5, vhost="elsewhere"),), 0, False),
        ((closed(estimated=5, vhost=""),), 0, True),
        ((closed(estimated=5, until=900),), 1_000, False),
    ],
)
def test_gaps_count_where_something_may_be_missing(
    facts: tuple[Fact, ...], after: int, *, counts: bool
) -> None:
    """A gap of this vhost, or of all, counts from the time asked about; not one whose events the broker kept."""
    assert bool(seen(*facts, gaps_after=after).gaps) is counts


def test_a_gap_that_stands_counts() -> None:
    """As long as a gap is open nobody knows what is missing."""
    here = GapOpened("g", "", "", "tracing-off", 1)
    elsewhere = GapOpened("g", "elsewhere", "", "tracing-off", 1)

    assert list(seen(open_gaps=(here,)).gaps) == ["tracing-off"]
    assert not seen(open_gaps=(elsewhere,)).gaps


def test_only_a_window_is_in_doubt() -> None:
    """What an operator takes as published are the next items, as many as may have been on their way."""
    known = retry(0, 1, 3)
    window = window_of(known.requested)
    told = taken_as_published(known)

    assert window == 2 * 4 + 4
    assert [each.item for each in told] == open_items(known)[:window]
    assert {each.outcome for each in told} == {"found"}


@given(
    st.floats(0.5, 5_000),
    st.integers(1, 1_000),
    st.lists(st.floats(0.001, 2.0), min_size=1, max_size=60),
)
def test_a_bucket_never_exceeds_its_rate(rate: float, batch: int, steps: list[float]) -> None:
    """Over any time no more goes than the rate allows, and one burst."""
    bucket = Bucket(rate, batch, 0.0)
    now, sent = 0.0, 0
    for step in steps:
        now += step
        count = min(batch, bucket.allows(now))
        bucket.take(count)
        sent += count

    assert sent <= rate * now + max(1.0, batch, rate / 2) + 1


def test_a_bucket_says_how_long_to_wait() -> None:
    """After the time it tells, as many messages may go as were asked for."""
    bucket = Bucket(10.0, 5, 0.0)
    bucket.take(bucket.allows(0.0))
    wait_s = bucket.wait_s(5)

    assert bucket.allows(wait_s + 0.001) >= 5


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=12))
def test_nothing_is_removed_without_a_copy(kinds: list[tuple[int, bool]]) -> None:
    """However identical messages lie, each item gets one; those that lack a copy come first, and none comes twice."""
    items = {at: item(at, b"%d" % kind) for at, (kind, _) in enumerate(kinds)}
    copied = [at for at, (_, is_copied) in enumerate(kinds) if is_copied]
    still = [at for at in items if at not in copied]
    matching = Matching(items, open_=still, copied=copied)
    arriving = Counter(each.fingerprint for each in items.values())
    taken = [matching.take(mark) for mark in arriving.elements()]

    assert sorted(each[0] for each in taken if each) == sorted(items)
    assert [each for each in taken if each and each[1] is (each[0] in copied)] == []
    assert matching.take(b"unknown") is None
    assert matching.left() == ([], [])


def test_what_does_not_come_is_left() -> None:
    """Of two identical items, one with a copy, a single message is the one that lacks it."""
    items = {0: item(0), 1: item(1)}
    matching = Matching(items, open_=[1], copied=[0])

    assert matching.take(b"f") == (1, True)
    assert matching.left() == ([], [0])
