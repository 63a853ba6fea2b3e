"""What is told to have changed in the system, and what is not."""

from typing import Any

from hypothesis import given, settings

from events.facts import (
    BindingDeleted,
    CaptureStarted,
    CaptureStopped,
    ChannelClosed,
    ConsumerStopped,
    Envelope,
    Fact,
    GapClosed,
    GapOpened,
    NodeStopped,
    PolicySet,
    QueueDeclared,
    QueueDeleted,
    SegmentStarted,
    VhostDeclared,
    VhostDeleted,
)
from projector.answering import Answers
from projector.projection import Projection
from projector.system import ChangeSeen
from projector.views.changes import KEPT_MAX
from projector.views.firsts import order
from tests.support.histories import histories
from tests.support.story import START_NS, Story

SENDER, WORKER = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b"


def begun() -> Story:
    """Capture began more than a minute ago."""
    story = Story()
    story.tell(CaptureStarted(1, "here", "4.0", 500, ("/",), {}))
    story.wait(61)
    return story


def told(story: Story, *kinds: str, about: str | None = None) -> list[ChangeSeen]:
    """Return the changes but the start of capture, oldest first."""
    found = story.answers().recent_changes(kinds, about)
    return [each for each in reversed(found) if each.kind != "capture-started"]


def kinds(story: Story) -> list[str]:
    return [each.kind for each in told(story)]


def declared(name: str, source: str, **policy: Any) -> QueueDeclared:
    named: dict[Any, Any] = dict(policy)
    return QueueDeclared("/", name, "quorum", True, False, False, {}, named, source)


def test_what_comes_and_goes_is_told() -> None:
    """Queues, exchanges, bindings, policies and vhosts: created, changed, deleted, with what they are about."""
    story = begun()
    story.queue("work")
    story.exchange("orders")
    story.bind("orders", "work", "k")
    story.tell(declared("work", "event"))
    story.tell(BindingDeleted("/", "orders", "work", "queue", "k", {}, "event"))
    story.tell(PolicySet("/", "p", ".*", "queues", 1, {}, "event"))
    story.tell(QueueDeleted("/", "work", "event"))
    story.tell(VhostDeclared("new", "event"))
    story.tell(VhostDeleted("new", "event"))
    story.tell(NodeStopped("rabbit@b", "event"))
    found = told(story)

    assert [each.kind for each in found] == [
        "queue-created",
        "exchange-created",
        "binding-created",
        "queue-changed",
        "binding-deleted",
        "policy-set",
        "queue-deleted",
        "vhost-created",
        "vhost-deleted",
        "node-stopped",
    ]
    assert found[2].about == ("queue:/:work", "exchange:/:orders", "vhost:/")
    assert found[2].told == "queue work was bound to orders with k"
    assert {each.seen_as for each in found} == {"event"}
    assert [each.position for each in found] == list(range(1, 11))


def test_what_was_there_before_is_no_change() -> None:
    """What the first snapshot finds, what a new segment tells again, and what is told twice just so."""
    story = Story()
    story.tell(CaptureStarted(1, "here", "4.0", 500, ("/",), {}))
    story.tell(declared("old", "reconciliation"))
    story.wait(61)
    story.tell(declared("other", "restated"))
    story.tell(declared("old", "event"))
    before = kinds(story)
    story.tell(declared("found", "reconciliation"))
    (found,) = told(story)

    assert before == []
    assert (found.kind, found.seen_as) == ("queue-created", "reconciliation")


def test_a_log_without_its_beginning_begins_where_it_is_retained() -> None:
    """Where retention removed the start of capture, what stands at the retained log's beginning is no news."""
    story = Story()
    story.tell(SegmentStarted(7, "rabbit@here"))
    story.connect(SENDER, "Sender")
    story.publish(SENDER, "orders", "k", ("work",), type="placed")
    story.wait(61)
    before = told(story, "service-seen", "edge-seen", "type-seen")
    story.tell(declared("found", "reconciliation"))

    assert before == []
    assert "queue-created" in kinds(story)


def test_a_consumer_that_leaves_is_told_once() -> None:
    """Whether it is cancelled, its channel closes or its connection does; and not again when the broker says so later."""
    ends: tuple[Fact, ...] = (
        ConsumerStopped("/", "work", "tag", WORKER, 1, "event"),
        ChannelClosed(WORKER, 1, "", "event"),
    )
    for end in ends:
        story = begun()
        story.connect(WORKER, "Worker")
        story.consume(WORKER, "work")
        story.tell(end)
        story.tell(ConsumerStopped("/", "work", "tag", WORKER, 1, "event"))
        story.close(WORKER)

        assert [k for k in kinds(story) if k.startswith("consumer")] == [
            "consumer-started",
            "consumer-stopped",
        ]


def test_a_user_is_new_once() -> None:
    """The first connection of a user is told as such, and each connection with who opened it."""
    story = begun()
    story.connect(SENDER, "Sender", user="alice")
    story.connect(WORKER, "Worker", user="alice")
    story.close(WORKER)

    assert kinds(story) == [
        "user-seen",
        "connection-opened",
        "connection-opened",
        "connection-closed",
    ]
    assert len(told(story, about="user:alice")) == 3


def test_capture_tells_of_itself() -> None:
    """Starts, stops and gaps are changes of what can be known."""
    story = begun()
    story.tell(GapOpened("g", "/", "", "tracing-off", story.at))
    story.tell(GapClosed("g", "/", "", "tracing-off", story.at, story.at, 7))
    story.tell(CaptureStopped(1, "asked"))

    assert [(each.kind, each.seen_as) for each in told(story)] == [
        ("gap-opened", "ledger"),
        ("gap-closed", "ledger"),
        ("capture-stopped", "ledger"),
    ]
    assert "about 7 events were missed" in told(story, "gap-closed")[0].told


def test_what_is_seen_for_the_first_time_is_told_under_its_name_now() -> None:
    """Services, ways and types, by the names known when it is asked; a second time is none."""
    story = begun()
    for _ in range(2):
        sent = story.publish(SENDER, "orders", "k", ("work",), type="placed")
        story.deliver(sent, "work", WORKER)
    story.connect(SENDER, "Sender")
    story.connect(WORKER, "Worker")
    seen = told(story, "service-seen", "edge-seen", "type-seen")

    assert sorted(each.told for each in seen) == [
        "exchange orders routed to queue work for the first time",
        "messages of type placed were published for the first time, by Sender",
        "queue work gave messages to service Worker for the first time",
        "service Sender published to exchange orders for the first time",
        "service Sender was seen for the first time",
        "service Worker was seen for the first time",
    ]
    assert {(each.seen_as, each.position) for each in seen} == {("traffic", None)}
    assert len(told(story, "edge-seen", about="queue:/:work")) == 2


def test_much_of_one_kind_hides_no_other() -> None:
    """Of each kind the newest are kept, whatever else comes and goes."""
    story = begun()
    story.queue("rare")
    for number in range(3 * KEPT_MAX):
        story.connect(f"{number} -> b", user="u")
    found = told(story)

    assert len([each for each in found if each.kind == "queue-created"]) == 1
    opened = [each for each in found if each.kind == "connection-opened"]
    assert KEPT_MAX <= len(opened) < 2 * KEPT_MAX
    assert opened[-1].told.startswith(f"connection {3 * KEPT_MAX - 1} ")


@settings(max_examples=40, deadline=None)
@given(histories())
def test_changes_are_in_order_and_apart(history: list[Envelope]) -> None:
    """In any history the newest stand first, no two are the same, and none lies ahead of the log."""
    late = [replace_at(each) for each in history]
    projection = Projection("main")
    projection.fold.fold(late)
    found = Answers(projection).recent_changes((), None)
    orders = [order(each) for each in found]

    assert orders == sorted(orders)
    assert len(orders) == len(set(orders))
    assert all(START_NS < each.at <= late[-1].observed_at for each in found)


def replace_at(envelope: Envelope) -> Envelope:
    """Return *envelope* so late that the log's first minute is over, unless it is one of the first."""
    at = envelope.observed_at + (0 if envelope.position < 2 else 61 * 10**9)
    return Envelope(envelope.position, at, envelope.lag_ms, envelope.fact)
