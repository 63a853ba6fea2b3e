"""The capture view: the ledger, answered."""

import msgspec
import pytest

from events.facts import (
    BrokerBound,
    CaptureAudited,
    CaptureStarted,
    CaptureStopped,
    ClockStepped,
    DeadLettersCounted,
    GapClosed,
    GapOpened,
    NodeStarted,
    OverlapAmbiguous,
    QueueSampled,
    TapsPlanned,
    Undecodable,
    VhostDeclared,
    VhostDeleted,
)
from projector.answers import Coverage
from projector.views.capture import GAPS_MAX
from projector.views.coverage import BUCKET_NS, BUCKETS_MAX, Audited
from tests.support.story import Story

CLIENT, WORKER = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b"
NODE = "rabbit@here"


def started() -> Story:
    story = Story()
    story.tell(BrokerBound("rabbit@cluster", "3.10.8"))
    story.tell(CaptureStarted(3, "host-1", "3.10.8", 500, ("/",), {"prefetch": "500"}))
    story.tell(VhostDeclared("/", "reconciliation"))
    story.tell(TapsPlanned("/", ("dlx",), (("hash", "consistent hash"),), True, "quorum"))
    return story


def test_a_running_capture() -> None:
    """The ledger tells who captures what, since when, and how much."""
    story = started()
    told = story.publish(CLIENT, "", "work", ("work",))
    story.deliver(told, "work", WORKER)
    story.die(told, "work", "rejected", "dlx")
    story.tell(Undecodable("t", b"", "/", "x", "bad table", b"", None))
    found = story.answers().capture()

    assert (found.running, found.epoch, found.collector) == (True, 3, "host-1")
    assert (found.broker, found.broker_version) == ("rabbit@cluster", "3.10.8")
    assert (found.published, found.delivered, found.dead_lettered, found.undecodable) == (
        1,
        1,
        1,
        1,
    )
    assert (found.events, found.last_observed_at) == (len(story.envelopes), story.at)
    assert found.first_observed_at == story.envelopes[0].observed_at


def test_the_plan_is_told() -> None:
    """Tapped dead-letter exchanges and those left alone are listed by vhost."""
    found = started().answers().capture()

    assert found.dead_letter_taps == ({"vhost": "/", "exchange": "dlx", "warning": None},)
    assert found.left_alone == (
        {"vhost": "/", "exchange": "hash", "why": "consistent hash", "queues": (), "waiting": None},
    )
    assert found.event_exchange


def test_what_waits_behind_an_exchange_left_alone_is_told() -> None:
    """The depths of the queues behind it are added up as they are sampled, whichever is told first; others do not count."""
    story = started()
    plan = TapsPlanned(
        "/", (), (("hash", "no"), ("", "no")), True, "firehose, quorum",
        warnings=(("dlx", "mandatory"),), behind=(("hash", "a"), ("hash", "b"), ("", "c")),
    )  # fmt: skip
    story.tell(plan)
    assert [row["waiting"] for row in story.answers().capture().left_alone] == [None, None]
    for queue, ready, unacked in (("a", 3, 1), ("b", 2, 0), ("other", 9, 0), ("a", 4, 1)):
        story.tell(QueueSampled("/", queue, ready, unacked, 0))
    story.tell(plan)
    found = story.answers().capture().left_alone

    assert [(row["exchange"], row["queues"], row["waiting"]) for row in found] == [
        ("hash", ("a", "b"), 7), ("", ("c",), None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "more", "words"),
    [
        ("firehose, quorum", 0, ""),
        ("publishes, classic", 1, "Only publishes"),
        ("exchanges, quorum", 3, "chosen exchanges"),
    ],
)
def test_a_light_mode_says_what_it_cannot_see(mode: str, more: int, words: str) -> None:
    """The blind spots of a mode are told with the vhosts it holds for, and what it is bound to with its warnings."""
    story = started()
    story.tell(TapsPlanned("/", (), (), True, "firehose, quorum"))
    before = story.answers().capture().blind_spots
    story.tell(
        TapsPlanned("/", (), (), True, mode, ("orders",), (("bad", "hashes"),), (("orders", "w"),))
    )
    found = story.answers().capture()
    told = [each for each in found.blind_spots if each not in before]

    assert len(told) == more
    assert all(words in each or "(In /.)" in each for each in told)
    assert found.vhosts[0]["mode"] == mode
    assert found.exchange_taps == ({"vhost": "/", "exchange": "orders", "warning": "w"},)
    assert found.exchanges_left_alone == ({"vhost": "/", "exchange": "bad", "why": "hashes"},)


def test_a_capture_without_event_exchange_says_what_that_costs() -> None:
    """Without the event exchange short connections have no name, and the blind spots say so."""
    story = started()
    before = story.answers().capture().blind_spots
    story.tell(TapsPlanned("/", (), (("hash", "consistent hash"),), False, "quorum"))
    after = story.answers().capture().blind_spots

    assert len(after) == len(before) + 1
    assert any("event exchange" in each for each in after)


def test_a_stop_by_an_earlier_leader_changes_nothing() -> None:
    """Only the present leader's stop ends the capture."""
    story = started()
    story.tell(CaptureStopped(2, "fenced"))
    assert story.answers().capture().running
    story.tell(CaptureStopped(3, "asked to"))

    assert not story.answers().capture().running


def test_gaps_open_and_close() -> None:
    """An open gap has no end; a closed one has, with its estimate."""
    story = started()
    story.tell(GapOpened("g1", "/", "", "tracing-off", 100))
    (opened,) = story.answers().capture().gaps
    story.tell(GapClosed("g1", "/", "", "tracing-off", 100, 200, 7))
    (closed,) = story.answers().capture().gaps

    assert (opened.until, opened.estimated) == (None, -1)
    assert (closed.since, closed.until, closed.estimated) == (100, 200, 7)


def test_old_gaps_are_bounded() -> None:
    """The newest gaps are kept."""
    story = started()
    for number in range(GAPS_MAX + 3):
        story.tell(GapClosed(f"g{number}", "/", "", "poison", number, number + 1, 1))
    gaps = story.answers().capture().gaps

    assert len(gaps) == GAPS_MAX
    assert gaps[-1].gap == f"g{GAPS_MAX + 2}"


def test_coverage_is_the_share_of_the_brokers_count() -> None:
    """Coverage is captured over counted, and unknown where the broker does not tell or counted nothing."""
    story = started()
    story.tell(CaptureAudited("/", 1, 2, 95, 100, 5, -1))
    (vhost,) = story.answers().capture().vhosts

    assert (vhost["published_coverage"], vhost["delivered_coverage"]) == (0.95, None)
    assert (vhost["tapped"], vhost["mode"]) == (True, "quorum")


def test_dead_letters_no_tap_sees_are_told() -> None:
    """What the broker counts beyond what was seen, since it was first asked, is unseen."""
    story = started()
    story.queue("work")
    story.tell(DeadLettersCounted(NODE, {"classic/at_most_once/rejected": 100}))
    story.die(story.publish(CLIENT, "", "work", ("work",)), "work", "rejected", "dlx")
    story.tell(DeadLettersCounted(NODE, {"classic/at_most_once/rejected": 104}))
    found = story.answers().capture()

    assert found.broker_dead_letters == {"classic/at_most_once/rejected": 4}
    assert found.unseen_dead_letters == 3


def test_a_broker_that_does_not_count_leaves_the_unseen_unknown() -> None:
    """Without the broker's counters nothing is claimed about dead letters that nothing showed, and that is said."""
    found = started().answers().capture()

    assert found.unseen_dead_letters is None
    assert any("does not tell how many messages died" in each for each in found.blind_spots)


def test_a_restarted_node_counts_anew() -> None:
    """A counter that fell began at zero again; nothing is subtracted."""
    story = started()
    for total in (100, 104, 2):
        story.tell(DeadLettersCounted(NODE, {"quorum/disabled/expired": total}))

    assert story.answers().capture().unseen_dead_letters == 6


def test_ledger_counters() -> None:
    """Ambiguous overlaps and clock steps are counted; a node tells its version."""
    story = started()
    story.tell(OverlapAmbiguous("/", "t", 1, 2))
    story.tell(ClockStepped(1, 2))
    story.tell(NodeStarted(NODE, "4.0.5", "event"))
    found = story.answers().capture()

    assert (found.ambiguous_overlaps, found.clock_steps, found.broker_version) == (1, 1, "4.0.5")


def test_a_deleted_vhost_is_not_listed() -> None:
    """A vhost that is gone has no plan."""
    story = started()
    story.tell(VhostDeleted("/", "event"))

    assert not story.answers().capture().vhosts


MINUTE = 60_000_000_000
AN_HOUR = 60 * MINUTE


def audit(vhost: str, until: int, *counts: int, why: str = "") -> CaptureAudited:
    """Return a comparison of the minute before *until*: published captured and counted, delivered captured and counted."""
    published, published_broker, delivered, delivered_broker = counts
    return CaptureAudited(
        vhost,
        until - MINUTE,
        until,
        published,
        published_broker,
        delivered,
        delivered_broker,
        why=why,
    )


def covered(story: Story, window: str) -> dict[object, Coverage]:
    """Return the coverage of a window by vhost, None for all."""
    found = story.answers().capture().coverage
    return {row.vhost: row for row in found if row.window == window}


def test_coverage_has_a_basis() -> None:
    """Windows are summed per vhost and over all; what is over of one kind makes nothing good of the other."""
    story = started()
    story.tell(TapsPlanned("two", (), (), True, "firehose, quorum"))
    story.tell(audit("/", story.at, 95, 100, 60, 50))
    story.tell(audit("/", story.at, 50, 50, 0, 0))
    story.tell(audit("two", story.at, 100, 100, 0, 0))
    rows = covered(story, "all")

    assert (rows["/"].captured, rows["/"].broker, rows["/"].missed) == (205, 200, 5)
    assert (rows["/"].percent, rows["/"].basis) == (97.5, "the broker's counters")
    assert (rows["two"].percent, rows["two"].missed) == (100.0, 0)
    assert (rows[None].percent, rows[None].broker) == (98.33, 300)
    assert covered(story, "hour") == {
        vhost: msgspec.structs.replace(row, window="hour") for vhost, row in rows.items()
    }


def test_almost_all_is_not_all() -> None:
    """One of a million missed is not 100 percent."""
    story = started()
    story.tell(audit("/", story.at, 999_999, 1_000_000, 0, 0))

    assert covered(story, "all")["/"].percent == 99.99


def test_old_audits_leave_the_windows() -> None:
    """The last hour and day are told by what ended in them; all keeps the sum."""
    story = started()
    story.tell(audit("/", story.at, 1, 2, 0, 0))
    story.at += 2 * AN_HOUR
    story.tell(audit("/", story.at, 10, 10, 0, 0))
    assert [covered(story, window)["/"].missed for window in ("hour", "day", "all")] == [0, 1, 1]
    story.at += 30 * AN_HOUR
    story.tell(audit("/", story.at, 10, 10, 0, 0))

    assert [covered(story, window)["/"].missed for window in ("hour", "day", "all")] == [0, 0, 1]


@pytest.mark.parametrize(
    ("told", "mode", "basis"),
    [
        ((), "firehose, quorum", "were not compared"),
        ((-1, -1, -1, -1), "firehose, quorum", "began anew"),
        ((5, 0, 0, 0), "firehose, quorum", "counted nothing"),
        ((), "exchanges, classic", "chosen exchanges"),
    ],
)
def test_without_a_comparison_nothing_is_claimed(
    told: tuple[int, ...], mode: str, basis: str
) -> None:
    """Where nothing was compared there is no percentage, and the reason stands beside it."""
    story = started()
    story.tell(TapsPlanned("/", (), (), True, mode))
    if told:
        story.tell(audit("/", story.at, *told, why="counters-began-anew" if told[0] < 0 else ""))
    row = covered(story, "all")["/"]

    assert row.percent is None
    assert row.basis.startswith("not known: ")
    assert basis in row.basis
    assert covered(story, "all")[None].percent is None


def test_publishes_only_are_compared_alone() -> None:
    """A tap that takes no deliveries is compared by its publishes."""
    story = started()
    story.tell(audit("/", story.at, 9, 10, -1, -1))

    assert covered(story, "all")["/"].percent == 90.0


def test_without_counters_the_gaps_estimates_count() -> None:
    """Where no counters were compared, gaps that all have an estimate give a share; one that has none gives none."""
    story = started()
    story.publish(CLIENT, "", "work", ("work",))
    story.tell(GapClosed("g1", "/", "", "poison", 1, 2, 1))
    row = covered(story, "all")[None]
    assert (row.percent, row.missed, row.gaps, row.basis) == (50.0, 1, 1, "the gaps' estimates")
    story.tell(GapOpened("g2", "/", "", "tracing-off", 3))

    assert covered(story, "all")[None].percent is None


def test_a_gap_that_is_closed_again_has_its_estimate() -> None:
    """A gap is closed once more when it is known how much it missed."""
    story = started()
    for estimated in (-1, 12):
        story.tell(GapClosed("g1", "/", "", "tap-overflow", 1, 2, estimated))
    (gap,) = story.answers().capture().gaps

    assert gap.estimated == 12


def test_audits_are_bounded() -> None:
    """However long a capture runs, the windows of a vhost stay few."""
    known = Audited()
    for number in range(3 * BUCKETS_MAX):
        known.add(audit("/", number * BUCKET_NS, 1, 1, 0, 0))

    assert len(known.buckets) == BUCKETS_MAX
    assert known.total is not None
    assert known.total.windows == 3 * BUCKETS_MAX
