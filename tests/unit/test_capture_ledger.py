"""What a new leader says was missed: from when to when, and why."""

from dataclasses import replace
from typing import Any

import pytest

from collector.ledger.outages import Begin, came_short, outages, traced
from collector.management.tracing import TracingFound
from collector.topology.state import TopologyState
from events.facts import Fact, GapClosed, GapOpened, NodeStarted, TapsPlanned

S = 1_000_000_000
LOST_AT, ON_AT, CONSUMED_AT, NOW = 100 * S, 110 * S, 111 * S, 112 * S


def known(*facts: Fact) -> TopologyState:
    """Return the state of a log that captured the vhost ``/`` before."""
    state = TopologyState()
    for fact in (TapsPlanned("/", (), (), True, "firehose, quorum"), *facts):
        state.apply(fact, 0)
    return state


def begin(**more: Any) -> Begin:
    """Return what a leader knows that begins at NOW and whose tap works since CONSUMED_AT."""
    known = Begin(lost_at=LOST_AT, now=NOW, broker_started_at=S, consumed_at={"/": CONSUMED_AT})
    return replace(known, **more)


def gaps(
    state: TopologyState,
    found: TracingFound,
    *,
    started_at: int | None,
    missing: tuple[str, ...] = (),
    **more: Any,
) -> list[tuple[str, int, int | None]]:
    """Return (why, since, until) of the gaps that are told, None while one lasts."""
    facts = outages(
        state, [found], begin(broker_started_at=started_at, taps_missing=missing, **more)
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
    assert gaps(known(), ON, started_at=S, missing=("/",)) == [
        ("tap-queue-lost", LOST_AT, CONSUMED_AT)
    ]


def test_a_vhost_that_is_new_missed_nothing() -> None:
    """What was never captured has no gap before its first capture."""
    assert gaps(TopologyState(), OFF, started_at=105 * S, missing=("/",)) == []


def test_a_gap_that_is_open_is_closed_not_opened_again() -> None:
    """An outage that began under the former leader ends under this one."""
    state = known(GapOpened("g", "/", "", "tracing-off", 50 * S))
    facts = outages(state, [ON], begin(consumed_at={}))

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


def test_what_waited_in_a_lost_tap_is_missing_too() -> None:
    """A tap that is gone, or that a restart emptied, held events from behind the newest one in the log."""
    stored: dict[str, Any] = {"stored_until": {"/": 90 * S}}
    lost = gaps(known(), ON, started_at=S, missing=("/",), **stored)
    emptied = gaps(known(), OFF, started_at=105 * S, keeps_backlog=False, **stored)

    assert lost == [("tap-queue-lost", 90 * S, CONSUMED_AT)]
    assert emptied == [("broker-restart", 90 * S, CONSUMED_AT)]
    assert gaps(known(), OFF, started_at=105 * S, **stored) == [
        ("broker-restart", LOST_AT, CONSUMED_AT)
    ]


def test_a_vhost_that_came_while_capturing_missed_its_first_moments() -> None:
    """A vhost that was not there before has a gap from when it was not, until its tap works."""
    new: dict[str, Any] = {"new_since": 95 * S}

    assert gaps(TopologyState(), OFF, started_at=S, **new) == [("new-vhost", 95 * S, CONSUMED_AT)]
    assert gaps(TopologyState(), ON, started_at=S, **new) == [("new-vhost", 95 * S, CONSUMED_AT)]
    assert gaps(TopologyState(), replace(OFF, on_at=None), started_at=S, **new) == [
        ("new-vhost", 95 * S, None)
    ]


def test_a_tap_that_came_short_is_a_gap() -> None:
    """Where less came again than must, the tap lost what it held; a tap that was made anew says so already."""
    facts = came_short("/", 3, begin(stored_until={"/": 90 * S}))

    assert [type(fact) for fact in facts] == [GapOpened, GapClosed]
    assert isinstance(facts[1], GapClosed)
    assert (facts[1].why, facts[1].since, facts[1].until) == ("tap-queue-lost", 90 * S, CONSUMED_AT)
    assert came_short("/", 0, begin()) == []
    assert came_short("/", 3, begin(taps_missing=("/",))) == []
    assert came_short("/", 3, begin(broker_started_at=105 * S, keeps_backlog=False)) == []


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"started_at": 105 * S}, [("broker-restart", "b", 105 * S)]),
        ({"started_at": S}, [("tracing-off", "b", LOST_AT)]),
        ({"started_at": 105 * S, "node": "new"}, [("node-added", "new", 105 * S)]),
        ({"since": ON_AT}, []),
        ({"why": "tracing-unknown", "on_at": None}, [("tracing-unknown", "b", ON_AT - S)]),
    ],
)
def test_a_node_of_several_has_its_own_gap(
    found: dict[str, Any], told: list[tuple[str, str, int]]
) -> None:
    """With several nodes a gap names the one that was off, and begins when that one started if that was since."""
    state = known(NodeStarted("b", "", ""))
    looked = replace(OFF, **{"node": "b", **found})
    facts = outages(state, [looked], begin())

    opened = [fact for fact in facts if isinstance(fact, GapOpened)]
    assert [(fact.why, fact.node, fact.since) for fact in opened] == told
    assert all(fact.gap.startswith(f"{fact.why}@{fact.node}/") for fact in opened)


def test_a_node_found_on_ends_its_own_gap_only() -> None:
    """What is known of one node says nothing about another."""
    ours, others = (GapOpened(node, "/", node, "tracing-unknown", 50 * S) for node in ("b", "c"))
    found = replace(ON, node="b")
    for facts in (
        traced(known(ours, others), found),
        outages(known(ours, others), [found], begin()),
    ):
        assert [fact.gap for fact in facts if isinstance(fact, GapClosed)] == ["b"]
