"""A tap that drops its oldest events: from when to when something may be missing."""

from collector.ledger.overflow import BYTES_LATE_NS, Overflows
from events.facts import GapClosed, GapOpened

S = 1_000_000_000


def test_a_full_tap_is_a_gap_since_what_was_taken_last() -> None:
    """The lost events are the oldest: published after what was taken, and before the tap was no longer full."""
    overflows = Overflows(1_000, 1 << 20)
    assert overflows.looked("/", 980, 10 * S, since_ns=4 * S) == []
    (opened,) = overflows.looked("/", 995, 20 * S, since_ns=5 * S)
    assert overflows.looked("/", 1_000, 30 * S, since_ns=6 * S) == []
    (closed,) = overflows.looked("/", 500, 40 * S, since_ns=7 * S)

    assert isinstance(opened, GapOpened)
    assert (opened.why, opened.vhost, opened.since) == ("tap-overflow", "/", 5 * S)
    assert isinstance(closed, GapClosed)
    assert (closed.gap, closed.since, closed.until) == (opened.gap, 5 * S, 40 * S)
    assert overflows.looked("/", 500, 50 * S, since_ns=7 * S) == []


def test_a_tap_is_full_by_its_bytes_too() -> None:
    """Large messages fill a tap before their number does."""
    overflows = Overflows(1_000, 1 << 20)

    assert overflows.looked("/", 10, S, since_ns=0, bytes_ready=1 << 19) == []
    assert len(overflows.looked("/", 10, S, since_ns=0, bytes_ready=1 << 20)) == 1


def test_bytes_are_told_late() -> None:
    """A tap that is found full by its bytes may have been full for as long as the broker's statistics are old."""
    overflows = Overflows(1_000, 1 << 20)
    for now in range(100, 160):
        assert overflows.looked("/", 10, now * S, since_ns=(now - 5) * S) == []
    (opened,) = overflows.looked("/", 10, 160 * S, since_ns=155 * S, bytes_ready=1 << 20)

    assert isinstance(opened, GapOpened)
    assert opened.since == (160 - 5) * S - BYTES_LATE_NS


def test_each_vhost_has_its_own_gap() -> None:
    """That one tap is full says nothing about another."""
    overflows = Overflows(1_000, 1 << 20)
    overflows.looked("a", 1_000, 10 * S, since_ns=5 * S)

    assert overflows.looked("b", 10, 10 * S, since_ns=5 * S) == []
    assert len(overflows.looked("b", 1_000, 10 * S, since_ns=5 * S)) == 1


def test_a_gap_from_before_is_gone_on_with() -> None:
    """A new leader ends the overflow that a former one began; gaps of other kinds are not its business."""
    overflows = Overflows(1_000, 1 << 20)
    former = GapOpened("g", "/", "", "tap-overflow", 5 * S)
    overflows.adopt([GapOpened("t", "a", "", "tracing-off", 3 * S), former])
    assert overflows.looked("/", 1_000, 10 * S, since_ns=7 * S) == []

    assert overflows.looked("/", 10, 20 * S, since_ns=7 * S) == [
        GapClosed("g", "/", "", "tap-overflow", 5 * S, 20 * S, -1)
    ]
    assert overflows.looked("a", 10, 20 * S, since_ns=7 * S) == []
