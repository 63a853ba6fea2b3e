"""Heartbeats: silence is counted only while we listen, and the peer hears of us in time."""

from hypothesis import given
from hypothesis import strategies as st

from collector.amqp.heart import SILENT_INTERVALS_MAX, Heart

INTERVAL_S = 2.0
HALF_S = INTERVAL_S / 2
STEPS = st.lists(st.tuples(st.floats(0.9, 1.1), st.booleans(), st.booleans()), max_size=40)


def beating(interval_s: float = INTERVAL_S) -> Heart:
    """Return a heart that began at 0."""
    heart = Heart(0.0)
    heart.begin(interval_s, 0.0)
    return heart


def test_a_silent_peer_is_given_up() -> None:
    """A peer that says nothing is given up after two and a half intervals, and not before."""
    heart = beating()
    told = [heart.silent_s(n * HALF_S, reads=True) for n in range(1, 8)]

    assert [bool(silent) for silent in told] == [n * HALF_S > 5.0 for n in range(1, 8)]


@given(STEPS)
def test_a_peer_that_is_heard_is_never_given_up(steps: list[tuple[float, bool, bool]]) -> None:
    """While something comes in every interval, or nothing is read, nobody is given up."""
    heart, now = beating(), 0.0
    for n, (step_s, reads, _) in enumerate(steps):
        now += step_s * HALF_S
        if n % 2:
            heart.heard(now)
        assert heart.silent_s(now, reads=reads) == 0.0


def test_silence_does_not_count_while_we_did_not_listen() -> None:
    """After a long stop of our own the peer has its time again, counted from then."""
    heart = beating()

    assert heart.silent_s(HALF_S, reads=True) == 0
    assert heart.silent_s(100.0, reads=True) == 0
    silent_from = 100.0 - HALF_S * 2
    late = [100.0 + n * HALF_S for n in range(1, 8)]
    told = [bool(heart.silent_s(now, reads=True)) for now in late]
    assert told == [now - silent_from > INTERVAL_S * SILENT_INTERVALS_MAX for now in late]


def test_a_heartbeat_is_due_when_nothing_was_sent() -> None:
    """Half an interval after the last byte a heartbeat is due, whatever was sent before."""
    heart = beating()
    heart.sent(5.0)

    assert not heart.is_due(5.9)
    assert heart.is_due(6.0)


def test_an_interval_of_zero_means_none() -> None:
    """Without heartbeats nobody is silent for too long, and none is due."""
    heart = beating(0.0)

    assert heart.silent_s(1e6, reads=True) == 0
    assert not heart.is_due(1e6)
