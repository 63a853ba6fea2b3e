"""Which endings of a capture are held against a message, and which are not."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.taps.watchdog import (
    CANNOT_WRITE,
    CUT,
    CUTS_SUSPECT,
    ENDINGS_SUSPECT,
    FORCED,
    SOON_S_MAX,
    Ending,
    Watchdog,
)

LAWS = settings(max_examples=200, deadline=None)
TAP = ("/", "tap")
HEADS = st.none() | st.sampled_from([b"one", b"two"])
ENDINGS = st.builds(
    Ending,
    tap=st.sampled_from([TAP, ("/", "other"), ("v", "tap")]),
    code=st.sampled_from([CUT, -1, 501, 504, FORCED]),
    head=HEADS,
    stored=st.booleans(),
    lasted_s=st.floats(0, 3 * SOON_S_MAX),
)
LOOPS = st.builds(
    Ending,
    tap=st.just(TAP),
    code=st.sampled_from([CUT, -1, 406, 501, 504, CANNOT_WRITE]),
    head=HEADS,
    stored=st.just(False),
    lasted_s=st.floats(0, SOON_S_MAX),
)


@LAWS
@given(st.lists(ENDINGS, max_size=8), LOOPS)
def test_a_loop_is_noticed_whatever_its_cause(before: list[Ending], loop: Ending) -> None:
    """The same close after the same head without anything stored makes its tap suspect within three rounds."""
    watchdog = Watchdog()
    for ending in before:
        watchdog.ended(ending)

    rounds = [watchdog.ended(loop) for _ in range(max(CUTS_SUSPECT, ENDINGS_SUSPECT))]

    assert rounds[-1]
    assert watchdog.suspects[TAP] == loop.code


@LAWS
@given(st.lists(ENDINGS, max_size=12), st.sampled_from(["stored", "forced", "long"]))
def test_an_ordinary_ending_is_held_against_nobody(endings: list[Ending], how: str) -> None:
    """Leaderships that stored something, were ended by hand or lasted never make a tap suspect, however often they end."""
    watchdog = Watchdog()
    ordinary = [
        replace(
            each,
            stored=each.stored or how == "stored",
            code=FORCED if how == "forced" else each.code,
            lasted_s=2 * SOON_S_MAX if how == "long" else each.lasted_s,
        )
        for each in endings
    ]

    assert not any(map(watchdog.ended, ordinary))
    assert watchdog.suspects == {}


@LAWS
@given(st.lists(st.tuples(ENDINGS, st.integers(0, 10**6)), max_size=12))
def test_heads_that_differ_are_no_loop(endings: list[tuple[Ending, int]]) -> None:
    """A tap that begins with another delivery each time is not suspect."""
    watchdog = Watchdog()

    for number, (ending, _) in enumerate(endings):
        assert not watchdog.ended(replace(ending, head=b"%d" % number))


@LAWS
@given(st.lists(ENDINGS, max_size=12), LOOPS)
def test_taps_do_not_share_a_suspicion(endings: list[Ending], loop: Ending) -> None:
    """What other taps end by makes none suspect, and one that was looked at begins anew."""
    watchdog = Watchdog()
    for ending in endings:
        watchdog.ended(replace(ending, tap=("other", "tap")))
    assert TAP not in watchdog.suspects

    for _ in range(CUTS_SUSPECT):
        watchdog.ended(loop)
    watchdog.looked(TAP)
    assert TAP not in watchdog.suspects
    assert watchdog.ended(loop) is (loop.code == CANNOT_WRITE)
