"""What the ledger makes of comparisons: estimates of gaps, and gaps of what nobody explains."""

import pytest
from msgspec.structs import replace

from collector.ledger.audit import Audits, Base, Counts, Reading
from collector.ledger.auditor import EXPLAIN_NS, Auditor, Taken
from events.facts import CaptureAudited, Fact, GapClosed, GapOpened

S = 1_000_000_000
LATE = 2 * S
OPENED = GapOpened("g", "/", "", "tap-overflow", 20 * S)
CLOSED = GapClosed("g", "/", "", "tap-overflow", 20 * S, 30 * S)


class World:
    """A vhost of which 10 publishes were captured and counted by 10 s; `now` is in s."""

    def __init__(
        self, *, deliveries: bool = True, gaps: tuple[GapOpened | GapClosed, ...] = ()
    ) -> None:
        base = Base(at=10 * S, totals=Counts(10, 10), taken=Counts())
        self.audits = Audits(["/"], late_ns=LATE, since=0, bases={"/": base})
        self.auditor = Auditor(self.audits, gaps, late_ns=LATE, deliveries=deliveries)

    def look(
        self, now: int, captured: int, counted: int | None = None, *, complete: int | None = None
    ) -> list[Fact]:
        """Return what is told at *now*, when *captured* more came and the broker counted *counted* in all."""
        if counted is not None:
            self.auditor.read(
                Reading(at=now * S, totals={"/": Counts(counted, 10)}, own={}, started_at=S)
            )
        until = now if complete is None else complete
        return self.auditor.look(now * S, {"/": Taken(Counts(captured), until * S)})


def test_a_gap_is_closed_again_with_what_it_missed() -> None:
    """Once the counters hold all of the gap's time, it is told how many events the broker counted beyond what came."""
    world = World()
    world.auditor.saw(OPENED)
    world.auditor.saw(CLOSED)
    early = world.look(31, 5, 20)  # the counters may not hold the gap's last moment yet
    later = world.look(33, 5, 20)

    assert [type(fact) for fact in early] == [CaptureAudited]
    assert later == [GapClosed("g", "/", "", "tap-overflow", 20 * S, 30 * S, 5)]
    assert world.look(40, 5, 20) == []


def test_a_gap_that_missed_nothing_says_so() -> None:
    """Where the broker counted no more than came, the estimate is 0."""
    world = World()
    world.auditor.saw(OPENED)
    world.auditor.saw(CLOSED)

    assert world.look(40, 0, 10) == [GapClosed("g", "/", "", "tap-overflow", 20 * S, 30 * S, 0)]


def test_a_gap_across_new_counters_has_no_estimate() -> None:
    """Counters that began anew tell nothing of the gap."""
    world = World()
    world.auditor.saw(OPENED)
    world.auditor.saw(CLOSED)
    world.look(35, 5, 3)

    assert all(not isinstance(fact, GapClosed) for fact in world.look(60, 5, 3))


def test_what_was_missed_before_a_gap_is_not_the_gaps() -> None:
    """The estimate counts from when the gap was opened."""
    world = World()
    world.look(15, 0, 17)
    world.auditor.saw(OPENED)
    world.auditor.saw(CLOSED)

    assert GapClosed("g", "/", "", "tap-overflow", 20 * S, 30 * S, 4) in world.look(40, 0, 21)


def test_what_is_missing_without_a_gap_is_one() -> None:
    """After time enough for the watch to find a reason, what is missing becomes a gap of its window, with how much."""
    world = World()
    (audit,) = world.look(20, 6, 20)
    assert isinstance(audit, CaptureAudited)
    assert world.look(25, 6) == []
    opened, closed = world.look(20 + EXPLAIN_NS // S, 6)

    assert isinstance(opened, GapOpened)
    assert isinstance(closed, GapClosed)
    assert (opened.why, opened.since) == ("unexplained", 10 * S - LATE)
    assert (closed.gap, closed.until, closed.estimated) == (opened.gap, 20 * S, 4)


@pytest.mark.parametrize(
    "gap",
    [
        GapOpened("g", "/", "", "tracing-off", 15 * S),
        GapOpened("g", "", "", "poison", 1 * S),
        GapClosed("g", "/", "b", "broker-restart", 19 * S, 90 * S),
    ],
)
@pytest.mark.parametrize("known_before", [True, False])
def test_what_a_gap_explains_is_no_gap_of_its_own(
    gap: GapOpened | GapClosed, known_before: bool
) -> None:
    """A gap that touches the window is the reason, also where it is found only afterwards."""
    world = World(gaps=(gap,) if known_before else ())
    world.look(20, 6, 20)
    if not known_before:
        world.auditor.saw(gap)

    assert all(
        getattr(fact, "why", "") != "unexplained"
        for now in (30, 40, 50)
        for fact in world.look(now, 6)
    )


def test_a_gap_elsewhere_explains_nothing() -> None:
    """Gaps of other vhosts and of other times are no reason."""
    world = World(
        gaps=(
            GapOpened("a", "shop", "", "tracing-off", 15 * S),
            GapClosed("b", "/", "", "tracing-off", 1 * S, 2 * S),
            GapOpened("c", "/", "", "tracing-off", 21 * S),
        )
    )
    world.look(20, 6, 20)

    assert [getattr(fact, "why", "") for fact in world.look(60, 6)] == ["unexplained"] * 2


def test_a_tap_without_deliveries_is_compared_by_publishes() -> None:
    """What the mode of the tap leaves out is not said to be missing."""
    world = World(deliveries=False)
    world.audits.of["/"].read(11 * S, Counts(10, 0))
    first = world.look(20, 6, 16)
    later = [*first, *world.look(30, 8, 18)]

    told = [fact for fact in later if isinstance(fact, CaptureAudited)]
    assert told
    assert all((fact.delivered_broker, fact.delivered_captured) == (-1, -1) for fact in told)
    assert world.audits.of["/"].missed == 0


def test_a_clock_set_back_ends_what_is_compared() -> None:
    """Times before and after a step of the clock are not compared; nothing is said to be missing for it."""
    world = World()
    world.look(20, 0, 30, complete=0)
    world.look(10, 0)

    assert not world.audits.of["/"].is_based
    assert world.look(60, 0) == []


def test_looks_are_no_more_often_than_needed() -> None:
    """The pump asks before it gathers what a look needs."""
    world = World()
    world.look(20, 0)

    assert not world.auditor.is_due(20 * S + 1)
    assert world.auditor.is_due(21 * S)
    assert world.auditor.is_due(19 * S)


def test_an_estimate_that_a_former_leader_owes_is_told() -> None:
    """A gap that was closed after the last audit, and not estimated before the collector stopped, is by the next one."""
    world = World(gaps=(OPENED, CLOSED))

    assert GapClosed("g", "/", "", "tap-overflow", 20 * S, 30 * S, 7) in world.look(40, 3, 20)


def test_a_gap_from_before_the_last_audit_is_left_as_it_is() -> None:
    """What was missed in a gap that began before the last audit stands in audits before it."""
    old = GapClosed("g", "/", "", "tap-overflow", 9 * S, 30 * S)
    known = GapClosed("k", "/", "", "tap-overflow", 20 * S, 30 * S, 2)
    world = World(gaps=(CLOSED, replace(CLOSED, estimated=3), old, known))

    assert all(not isinstance(fact, GapClosed) for fact in world.look(40, 3, 20))
