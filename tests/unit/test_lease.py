"""How long a leader may append after the broker last told it that it leads."""

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.lease import Lease

LAWS = settings(max_examples=200, deadline=None)
TIMES = st.floats(0, 1e6)
HEARTBEATS = st.floats(0.5, 60)


@LAWS
@given(HEARTBEATS, st.lists(TIMES), st.floats(0, 1e3))
def test_nobody_else_can_lead_while_it_holds(
    heartbeat_s: float, asked: list[float], later_s: float
) -> None:
    """It is over before the broker, which heard of us when we asked last, gives us up after two heartbeats."""
    lease = Lease(heartbeat_s)
    for asked_at in asked:
        lease.answered(asked_at)
    now = max(asked, default=0) + later_s

    if lease.holds(now):
        assert asked
        assert now < max(asked) + 2 * heartbeat_s


@LAWS
@given(HEARTBEATS, TIMES, TIMES)
def test_an_old_answer_shortens_nothing(
    heartbeat_s: float, asked_at: float, earlier: float
) -> None:
    """An answer that comes late, to what was asked earlier, does not take away what a newer one gave."""
    lease = Lease(heartbeat_s)
    lease.answered(max(asked_at, earlier))
    lease.answered(min(asked_at, earlier))

    assert lease.holds(max(asked_at, earlier) + heartbeat_s)


def test_nothing_holds_before_the_first_answer() -> None:
    """Whoever was never answered may not append."""
    assert not Lease(2).holds(0)
