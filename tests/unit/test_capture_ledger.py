"""What a new leader says was missed: from when to when, and why."""

import pytest

from collector.ledger import outages, traced
from collector.topology_state import TopologyState
from collector.watch import TracingFound
from events.facts import Fact, GapClosed, GapOpened, TapsPlanned

S = 1_000_000_000
LOST_AT, ON_AT, CONSUMED_AT, NOW = 100 * S, 110 * S, 111 * S, 112 * S


def known(*facts: Fact) -> TopologyState:
    """Return the state of a log that captured the vhost ``/`` before."""
    state = TopologyState()
    for fact in (TapsPlanned("/", (), (), True, "firehose, quorum"), *facts):
        state.apply(fact, 0)
    return state


def gaps(
    state: TopologyState,
    found: TracingFound,
    *,
    started_at: int | None,
    missing: tuple[str, ...] = (),
) -> list[tuple[str, int, int | None]]:
    """Return (why, since, until) of the gaps that are told, None while one lasts."""
    facts = outages(
        state,
        [found],
        lost_at=LOST_AT,
        broker_started_at=started_at,
        consumed_at={"/": CONSUMED_AT},
        taps_missing=missing,
        now=NOW,
    )
    until = {fact.gap: fact.until for fact in facts if isinstance(fact, GapClosed)}
    return [
        (fact.why, fact.since, until.get(fact.gap)) for fact in facts if isinstance(fact, GapOpened)
    ]


OFF = TracingFound(vhost="/", since=ON_AT - S, on_at=ON_AT)
ON = TracingFound(vhost="/", since=ON_AT, on_at=ON_AT)


@pytest.mark.parametrize("started_at", [105 * S, None])
def test_a_restart_is_a_gap_until_the_tap_works(started_at: int | None) -> None:
    """A restarted broker, also one too young to tell its age, missed all until its tap had a consumer."""
    assert gaps(known(), OFF, started_at=started_at) == [("broker-restart", LOST_AT, CONSUMED_AT)]


@pytest.mark.parametrize("started_at", [S, None])
def test_a_tap_that_outlived_its_collector_missed_nothing(started_at: int | None) -> None:
    """With the firehose on and the broker not restarted there is no gap."""
    assert gaps(known(), ON, started_at=started_at) == []


def test_tracing_switched_off_is_no_restart() -> None:
    """A broker that went on running with the firehose off says so."""
    assert gaps(known(), OFF, started_at=S) == [("tracing-off", LOST_AT, CONSUMED_AT)]


def test_tracing_that_stays_off_leaves_the_gap_open() -> None:
    """Where only an administrator may switch it on, the gap lasts."""
    off = TracingFound(vhost="/", since=NOW, on_at=None)

    assert gaps(known(), off, started_at=S) == [("tracing-off", LOST_AT, None)]


def test_a_lost_tap_is_a_gap() -> None:
    """Where the tap's queue is gone, what it held is missing."""
    assert gaps(known(), ON, started_at=S, missing=("/",)) == [("tap-queue-lost", LOST_AT, NOW)]


def test_a_vhost_that_is_new_missed_nothing() -> None:
    """What was never captured has no gap before its first capture."""
    assert gaps(TopologyState(), OFF, started_at=105 * S) == []


def test_a_gap_that_is_open_is_closed_not_opened_again() -> None:
    """An outage that began under the former leader ends under this one."""
    state = known(GapOpened("g", "/", "", "tracing-off", 50 * S))
    facts = outages(
        state,
        [ON],
        lost_at=LOST_AT,
        broker_started_at=S,
        consumed_at={},
        taps_missing=(),
        now=NOW,
    )

    assert facts == [GapClosed("g", "/", "", "tracing-off", 50 * S, ON_AT, -1)]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (ON, []),
        (OFF, [GapOpened, GapClosed]),
        (TracingFound(vhost="/", since=NOW, on_at=None), [GapOpened]),
    ],
)
def test_tracing_found_off_is_a_gap(found: TracingFound, told: list[type[Fact]]) -> None:
    """While capturing, tracing found off opens a gap, which is closed once it is on again."""
    assert [type(fact) for fact in traced(known(), found)] == told


@pytest.mark.parametrize("why", ["tracing-off", "broker-restart"])
def test_tracing_found_on_closes_what_lasted(why: str) -> None:
    """A gap that waited for tracing ends where it is found on, and is told once only."""
    state = known(GapOpened("g", "/", "", why, 50 * S))
    for found in (ON, OFF):
        (last,) = [fact for fact in traced(state, found) if getattr(fact, "gap", "") == "g"]

        assert last == GapClosed("g", "/", "", why, 50 * S, ON_AT, -1)
