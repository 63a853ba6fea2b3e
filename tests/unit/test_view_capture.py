"""The capture view: the ledger, answered."""

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
    TapsPlanned,
    Undecodable,
    VhostDeclared,
    VhostDeleted,
)
from projector.views.capture import GAPS_MAX
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

    assert found.dead_letter_taps == ({"vhost": "/", "exchange": "dlx"},)
    assert found.left_alone == ({"vhost": "/", "exchange": "hash", "why": "consistent hash"},)
    assert found.event_exchange


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
    """Coverage is captured over counted, and unknown where the broker does not tell."""
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
