"""The audit against a model of a broker whose counters are late and a capture that lags and loses."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.ledger.audit import ANEW, FIRST, Audits, Base, Counts, Reading, VhostAudit
from events.facts import CaptureAudited

LATE, END = 50, 2_000
STEP = 10


@dataclass(frozen=True)
class World:
    """Publishes at `times`: those with a number in `lost` are never captured, the others `delay` later."""

    times: list[int]
    lost: set[int]
    delay: int
    lateness: list[int]

    def happened(self, until: int) -> int:
        return bisect_right(self.times, until)

    def taken(self, now: int) -> int:
        return sum(
            number not in self.lost
            for number, at in enumerate(self.times)
            if at <= now - self.delay
        )

    def run(self) -> tuple[VhostAudit, list[CaptureAudited]]:
        """Return the audit after readings every LATE from the begin to well after everything was captured."""
        audit = VhostAudit("/", late_ns=LATE, since=0)
        told: list[CaptureAudited] = []
        seen = -LATE
        for now in range(0, END + 10 * LATE, STEP):
            taken = Counts(self.taken(now), 0)
            complete = now - self.delay
            audit.noted(now, taken, complete)
            if now % (2 * LATE) == 0:
                late = self.lateness[(now // LATE) % len(self.lateness)]
                seen = max(seen, now - late)
                audit.read(now, Counts(self.happened(seen), 0))
            fact = audit.settle(taken, complete)
            told += [fact] if fact is not None else []
        return audit, told


times = st.lists(st.integers(12 * LATE, END), max_size=150).map(sorted)
lateness = st.lists(st.integers(0, LATE), min_size=1, max_size=8)
delays = st.integers(0, 4 * LATE)


@given(times, delays, lateness)
def test_nothing_is_said_to_be_missing_where_nothing_is(
    times: list[int], delay: int, lateness: list[int]
) -> None:
    """However late the counters and the capture are, a capture without a loss is never said to have one."""
    audit, told = World(times, set(), delay, lateness).run()

    assert audit.missed == 0
    assert all(fact.published_captured >= fact.published_broker for fact in told)


@given(times, st.data(), delays, lateness)
def test_in_the_end_exactly_what_was_missed_is_told(
    times: list[int], data: st.DataObject, delay: int, lateness: list[int]
) -> None:
    """With the counters at rest at both ends the windows' differences add up to the loss, and none is told twice."""
    lost = data.draw(st.sets(st.integers(0, len(times) - 1))) if times else set[int]()
    audit, told = World(times, lost, delay, lateness).run()
    short = [fact.published_broker - fact.published_captured for fact in told if not fact.why]

    assert sum(short) == len(lost)
    assert audit.missed == sum(each for each in short if each > 0) == len(lost)


@given(times, st.data(), delays, lateness)
def test_windows_follow_each_other(
    times: list[int], data: st.DataObject, delay: int, lateness: list[int]
) -> None:
    """Each window begins where the one before it ended, after one first reading; the totals are the broker's."""
    lost = data.draw(st.sets(st.integers(0, len(times) - 1))) if times else set[int]()
    _, told = World(times, lost, delay, lateness).run()

    assert [fact.why for fact in told] == [FIRST] + [""] * (len(told) - 1)
    assert all(one.until == other.since for one, other in pairwise(told))
    grown = [other.published_total - one.published_total for one, other in pairwise(told)]
    assert grown == [fact.published_broker for fact in told[1:]]


@given(times, delays, lateness, st.integers(4 * LATE, END))
def test_another_capture_goes_on_from_the_last_audit(
    times: list[int], delay: int, lateness: list[int], cut: int
) -> None:
    """A new collector that counts on from the last audit's place in the log says what the former one would have said."""
    world = World(times, set(), delay, lateness)
    _, told = world.run()
    last = next((fact for fact in reversed(told) if fact.until <= cut), None)
    if last is None:
        return
    total, ahead = Counts(last.published_total, 0), Counts(-last.published_ahead, 0)
    base = Base(at=last.until, totals=total, taken=ahead)
    since_the_fact = len(times) - (total.published + last.published_ahead)
    audit = VhostAudit("/", late_ns=LATE, since=cut, base=base)
    at = END + 5 * LATE
    taken = Counts(since_the_fact, 0)
    audit.noted(at - LATE, taken, at)
    audit.read(at, Counts(len(times), 0))
    fact = audit.settle(taken, at)

    assert audit.missed == 0
    assert fact is None or fact.published_captured >= fact.published_broker


def at_rest(**counts: int) -> VhostAudit:
    """Return an audit with a base at 1,000, where 10 publishes and 10 deliveries had been captured and counted."""
    audit = VhostAudit("/", late_ns=LATE, since=0)
    audit.noted(900, Counts(10, 10), 900)
    audit.read(1_000, Counts(10, 10), own=counts.get("own", 0))
    assert audit.settle(Counts(10, 10), 1_000) is not None
    audit.noted(1_000, Counts(10, 10), 1_000)
    return audit


def test_a_loss_shows_by_kind() -> None:
    """What is short of publishes is not made good by what is over of deliveries."""
    audit = at_rest()
    audit.noted(1_900, Counts(15, 40), 1_900)
    audit.read(2_000, Counts(20, 30))
    fact = audit.settle(Counts(15, 40), 2_000)

    assert fact is not None
    assert (fact.published_captured, fact.published_broker) == (5, 10)
    assert (fact.delivered_captured, fact.delivered_broker) == (30, 20)
    assert (audit.missed, audit.settled_at) == (5, 2_000)


def test_a_reading_waits_until_the_tap_is_read_up_to_it() -> None:
    """While the collector catches up nothing is compared, so its lag is no loss."""
    audit = at_rest()
    audit.read(2_000, Counts(20, 10))

    assert audit.settle(Counts(12, 10), 1_999) is None
    fact = audit.settle(Counts(20, 10), 2_000)
    assert fact is not None
    assert fact.published_captured == fact.published_broker == 10


@pytest.mark.parametrize(
    ("total", "own", "anew"),
    [(Counts(3, 12), 5, False), (Counts(20, 20), 4, False), (Counts(20, 20), 5, True)],
)
def test_counters_that_began_anew_are_not_compared(total: Counts, own: int, anew: bool) -> None:
    """Counters that fell, or nodes or taps that began again, end the window without a comparison, and it is said so."""
    audit = at_rest(own=5)
    audit.read(2_000, total, own=own, anew=anew)
    assert not audit.is_based
    audit.noted(1_940, Counts(11, 11), 1_940)
    audit.read(2_000, total, own=own)
    fact = audit.settle(Counts(11, 11), 2_000)

    assert fact == CaptureAudited(
        vhost="/",
        since=1_000,
        until=2_000,
        published_captured=-1,
        published_broker=-1,
        delivered_captured=-1,
        delivered_broker=-1,
        why=ANEW,
        published_total=total.published,
        delivered_total=total.delivered,
    )
    assert audit.missed == 0


def test_an_idle_vhost_is_silent() -> None:
    """Where nothing happens there is nothing to tell, but it is known up to when."""
    audit = at_rest()
    audit.read(2_000, Counts(10, 10))

    assert audit.settle(Counts(10, 10), 2_000) is None
    assert audit.settled_at == 2_000


@pytest.mark.parametrize(
    ("nodes", "started_at", "is_based"),
    [
        ({"a", "b"}, 1, True),
        ({"a"}, 1, False),
        ({"a", "b"}, 2_500, False),
        ({"a", "b"}, None, True),
    ],
)
def test_nodes_that_came_or_went_counted_anew(
    nodes: set[str], started_at: int | None, is_based: bool
) -> None:
    """The sum over a cluster's nodes is compared only while they are the same and none started again."""
    second = 1_000_000_000
    base = Base(at=2_000 * second, totals=Counts(10, 10), taken=Counts())
    audits = Audits(["/"], late_ns=second, since=0, bases={"/": base})
    for at, seen, started in ((2_100, {"a", "b"}, 1), (2_600, nodes, started_at)):
        audits.read(
            Reading(
                at=at * second,
                totals={"/": Counts(20, 20), "unknown": Counts(1, 1)},
                own={"/": 3},
                nodes=frozenset(seen),
                started_at=None if started is None else started * second,
            )
        )

    assert audits.of["/"].is_based is is_based


def test_a_reading_from_before_the_last_one_is_a_step_of_the_clock() -> None:
    """A base in the future, from before the clock was set back, is not gone on from."""
    audit = at_rest()
    audit.read(500, Counts(20, 20))

    assert not audit.is_based
    assert audit.missed_since(2_000) is None
