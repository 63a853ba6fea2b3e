"""How often a wrong key may be tried."""

from hypothesis import given
from hypothesis import strategies as st

from api.attempts import ADDRESSES_MAX, WINDOW_S, WRONG_PER_WINDOW_MAX, Attempts


def test_after_some_wrong_keys_an_address_waits() -> None:
    """Up to the limit nobody waits; then until the oldest of the last ones is a minute old."""
    attempts = Attempts()
    for at in range(WRONG_PER_WINDOW_MAX):
        assert attempts.wait_s("192.0.2.1", float(at)) == 0.0
        attempts.was_wrong("192.0.2.1", float(at))

    assert attempts.wait_s("192.0.2.1", 10.0) == WINDOW_S - 10.0
    assert attempts.wait_s("192.0.2.1", WINDOW_S) == 0.0
    assert attempts.wait_s("192.0.2.2", 10.0) == 0.0


def test_a_network_of_a_site_is_one_address() -> None:
    """IPv6 addresses that one holder can change between at will wait together."""
    attempts = Attempts()
    for n in range(WRONG_PER_WINDOW_MAX):
        attempts.was_wrong(f"2001:db8::{n + 1:x}", 0.0)

    assert attempts.wait_s("2001:db8::ffff", 1.0) > 0.0
    assert attempts.wait_s("2001:db8:0:1::1", 1.0) == 0.0


def test_of_too_many_addresses_the_quiet_ones_are_forgotten() -> None:
    """What is remembered is bounded, and an address that goes on trying stays remembered."""
    attempts = Attempts()
    for n in range(ADDRESSES_MAX * 2):
        attempts.was_wrong(f"site {n}", 0.0)
        if n % 100 == 0:
            attempts.was_wrong("busy", 0.0)

    assert attempts.wait_s("busy", 1.0) > 0.0
    assert len(attempts._wrong) == ADDRESSES_MAX


@given(st.lists(st.floats(0, 300), max_size=60))
def test_in_no_minute_are_there_more_than_allowed(moments: list[float]) -> None:
    """Whoever tries whenever it need not wait has at most so many wrong keys within any minute."""
    attempts, tried = Attempts(), list[float]()
    for now in sorted(moments):
        if attempts.wait_s("a", now) == 0.0:
            attempts.was_wrong("a", now)
            tried.append(now)

    for start in tried:
        assert len([at for at in tried if start <= at < start + WINDOW_S]) <= WRONG_PER_WINDOW_MAX
