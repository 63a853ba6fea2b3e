"""Which redelivered deliveries the log holds already: laws over every way a broker may hand them over again."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.taps.align import Overlap, Window, align, least_overlap

LAWS = settings(max_examples=100, deadline=None)
DISTINCT = st.just(None)
FEW_KINDS = st.lists(st.sampled_from([b"a", b"b"]), min_size=80, max_size=80)
ALL_ALIKE = st.just([b"a"] * 80)


@dataclass(frozen=True)
class Reopened:
    """A tap opened again: what the log says of it, what comes flagged, and how much of that is stored in truth."""

    window: Window
    run: list[bytes]
    true: int


@st.composite
def reopened(draw: st.DrawFn, kinds: st.SearchStrategy[list[bytes] | None]) -> Reopened:
    """Draw blocks, a broker that stands at the end of one of them, and the deliveries it lost count of."""
    blocks = draw(st.lists(st.integers(1, 6), max_size=8))
    total = sum(blocks)
    told = draw(kinds) or [b"%d" % number for number in range(80)]
    least = least_overlap(blocks, draw(st.integers(0, 8)))
    boundaries = [sum(blocks[index:]) for index in range(len(blocks) + 1)]
    true = draw(st.sampled_from([size for size in boundaries if size >= least]))
    kept = draw(st.sampled_from([size for size in boundaries if size >= true]))
    unstored = draw(st.integers(0, 6))
    return Reopened(
        Window(
            digests=tuple(told[total - kept : total]),
            blocks=tuple(blocks[len(blocks) - boundaries[::-1].index(kept) :]),
            least=least,
        ),
        told[total - true : total + unstored],
        true,
    )


@LAWS
@given(reopened(FEW_KINDS) | reopened(ALL_ALIKE) | reopened(DISTINCT))
def test_nothing_new_is_dropped(case: Reopened) -> None:
    """What is dropped is stored in truth, and what may be stored is never told too small."""
    found = align(case.window, case.run)

    assert found.drop <= case.true <= found.most


@LAWS
@given(reopened(FEW_KINDS) | reopened(ALL_ALIKE) | reopened(DISTINCT))
def test_a_repeat_that_stays_is_told(case: Reopened) -> None:
    """Where less is dropped than is stored, the overlap says that it is ambiguous."""
    found = align(case.window, case.run)

    assert found.ambiguous or found.drop == case.true


@LAWS
@given(reopened(DISTINCT))
def test_messages_that_differ_align_exactly(case: Reopened) -> None:
    """Where no two deliveries are alike and something must come again, exactly what is stored is dropped."""
    found = align(case.window, case.run)

    if case.window.least:
        assert found == Overlap(drop=case.true, most=case.true)


@LAWS
@given(reopened(FEW_KINDS) | reopened(ALL_ALIKE), st.lists(st.sampled_from([b"a", b"b"])))
def test_the_overlap_is_a_suffix_of_whole_blocks(case: Reopened, run: list[bytes]) -> None:
    """Whatever comes, what is dropped equals the newest whole blocks of the window."""
    found = align(case.window, run)
    blocks = case.window.blocks

    assert found.drop <= found.most <= len(run)
    assert found.drop in [sum(blocks[index:]) for index in range(len(blocks) + 1)]
    assert case.window.digests[len(case.window.digests) - found.drop :] == tuple(run[: found.drop])


def turned(run: list[bytes], ring: int, turn: int) -> list[bytes]:
    """Return *run* with its first *ring* deliveries turned by *turn*."""
    ring = min(ring, len(run))
    turn = turn % ring if ring else 0
    return run[turn:ring] + run[:turn] + run[ring:]


def dropped(found: Overlap, run: list[bytes]) -> list[bytes]:
    """Return what *found* drops of *run*, in the order of the log."""
    return [run[at] for at in found.places or range(found.drop)]


@LAWS
@given(reopened(DISTINCT), st.integers(0, 60), st.integers(0, 40))
def test_a_turned_run_aligns_exactly(case: Reopened, ring: int, turn: int) -> None:
    """Where the run, or its first part, comes turned and no two deliveries are alike, exactly what is stored is dropped."""
    if not case.window.least:
        return
    run = turned(case.run, ring, turn)

    found = align(case.window, run, turned=True)

    assert dropped(found, run) == case.run[: case.true]


@LAWS
@given(reopened(FEW_KINDS) | reopened(ALL_ALIKE), st.integers(0, 60), st.integers(0, 40))
def test_a_turned_run_drops_what_equals_the_log(case: Reopened, ring: int, turn: int) -> None:
    """Whatever is alike, what is dropped of a turned run is what the log ends with, and at least what must come again."""
    run = turned(case.run, ring, turn)

    found = align(case.window, run, turned=True)

    stored = case.window.digests
    assert tuple(dropped(found, run)) == stored[len(stored) - found.drop :]
    assert found.drop >= min(case.window.least, len(run))


@pytest.mark.parametrize("run", [[], [b"x"], [b"b", b"c"], [b"x", b"a", b"b", b"c"]])
def test_what_must_come_again_and_does_not_costs_nothing_new(run: list[bytes]) -> None:
    """Where the tap lost of what it had to deliver again, everything that came is kept."""
    window = Window(digests=(b"a", b"b", b"c"), blocks=(3,), least=3)

    assert align(window, run) == Overlap(drop=0, most=0)


def test_an_empty_log_drops_nothing() -> None:
    """Without anything stored all that comes is new."""
    assert align(Window(), [b"a", b"a"]) == Overlap(drop=0, most=0)


@LAWS
@given(st.lists(st.integers(1, 9)), st.integers(0, 40))
def test_the_least_overlap_is_whole_blocks(blocks: list[int], hold: int) -> None:
    """The newest blocks that hold at least so many are counted whole, and none more than needed."""
    least = least_overlap(blocks, hold)
    smaller = [size for index in range(len(blocks) + 1) if (size := sum(blocks[index:])) < least]

    assert least >= min(hold, sum(blocks))
    assert all(size < hold for size in smaller)
