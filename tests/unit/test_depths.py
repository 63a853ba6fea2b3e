"""How sure it is what waits in a queue: against the broker's own depth, with traffic, gaps and restarts."""

from typing import Any

import pytest
from hypothesis import given, settings

from events.facts import (
    ChannelClosed,
    Envelope,
    GapClosed,
    GapOpened,
    QueueDeclared,
    QueueSampled,
    TapsPlanned,
)
from projector.answers import QueueState
from projector.depths import returned_in
from projector.linker.match import IN_HAND
from projector.projection import Projection
from tests.support.histories import histories
from tests.support.story import NODE, VHOST, Story, Told

CLIENT, WORKER = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b"
PERSISTENT = 2


def shop() -> Story:
    story = Story()
    story.queue("work")
    story.connect(CLIENT, "client")
    story.connect(WORKER, "worker")
    return story


def filled(story: Story, count: int, **properties: Any) -> list[Told]:
    """Publish *count* messages and let them lie."""
    told = [story.publish(CLIENT, "", "work", ("work",), **properties) for _ in range(count)]
    story.wait(60)
    return told


def sample(story: Story, ready: int, unacked: int = 0) -> None:
    story.tell(QueueSampled(VHOST, "work", ready, unacked, 1))


def queue(story: Story) -> QueueState:
    found = story.answers().queue(VHOST, "work")
    assert found is not None
    return found


def contents(story: Story, *, waiting: bool = True) -> list[tuple[str, str | None]]:
    """Return the state of each copy and why it is believed."""
    found = story.answers().queue_contents(VHOST, "work", waiting=waiting)
    return [(copy.state, copy.cause) for copy in found or ()]


def test_without_a_sample_it_is_not_compared() -> None:
    """What waits is told all the same."""
    story = shop()
    filled(story, 3)

    assert queue(story).waiting == 3
    assert queue(story).agreement.verdict == "unknown"


def test_a_depth_of_as_many_is_exact() -> None:
    """Nothing moved and the broker counts as many: nearly certain."""
    story = shop()
    filled(story, 3)
    sample(story, 3)
    agreement = queue(story).agreement

    assert (agreement.verdict, agreement.confidence) == ("exact", 0.99)
    assert (agreement.believed, agreement.broker_ready) == (3, 3)
    assert agreement.sampled_at == story.at


def test_what_moves_may_differ() -> None:
    """A difference of no more than what came shortly before proves nothing."""
    story = shop()
    filled(story, 3)
    for _ in range(2):
        story.publish(CLIENT, "", "work", ("work",))
    sample(story, 3)

    assert queue(story).agreement.verdict == "moving"


def test_messages_never_seen_are_counted() -> None:
    """Two samples with more than is known: the rest came before capture, or unseen."""
    story = shop()
    filled(story, 3)
    for _ in range(2):
        sample(story, 5)
        story.wait(10)
    found = queue(story)

    assert (found.waiting, found.unseen) == (3, 2)
    assert found.agreement.verdict == "fewer"
    assert found.agreement.confidence == pytest.approx(0.54)


def test_a_queue_known_by_its_depth_alone() -> None:
    """A queue that nothing was routed to since capture began holds what was never seen."""
    story = shop()
    sample(story, 4)
    found = queue(story)

    assert (found.waiting, found.unseen, found.agreement.verdict) == (0, 4, "fewer")


def test_a_purge_converges() -> None:
    """One sample with fewer is told as a difference; a second takes the oldest away, and then it is exact."""
    story = shop()
    filled(story, 5)
    sample(story, 2)
    first = queue(story).agreement
    story.wait(10)
    sample(story, 2)
    story.wait(10)
    sample(story, 2)
    after = queue(story)

    assert (first.verdict, first.confidence) == ("more", 0.36)
    assert (after.waiting, after.agreement.verdict) == (2, "exact")


def test_a_restart_takes_what_is_not_persistent() -> None:
    """Of a classic queue that holds fewer after a restart, the copies that were not persistent are gone."""
    story = shop()
    filled(story, 2, type="lost")
    filled(story, 2, type="kept", delivery_mode=PERSISTENT)
    filled(story, 1, type="lost")
    story.tell(GapOpened("g", "", NODE, "broker-restart", story.at))
    story.tell(GapClosed("g", "", NODE, "broker-restart", story.at, story.at, -1))
    for _ in range(2):
        story.wait(10)
        sample(story, 2)
    left = story.answers().queue_contents(VHOST, "work")

    assert left is not None
    assert [copy.type for copy in left] == ["kept", "kept"]
    gone = [
        m
        for m in map(story.answers().message, (f"main-{n}" for n in range(20)))
        if m and m.state == "gone"
    ]
    assert len(gone) == 3
    assert {m.copies[0].confidence for m in gone} == {0.9}


def test_a_quorum_queue_loses_nothing_by_a_restart() -> None:
    """In a quorum queue all are persistent, so the oldest are taken when it holds fewer."""
    story = shop()
    story.tell(QueueDeclared(VHOST, "work", "quorum", True, False, False, {}, {}, "event"))
    filled(story, 1, type="oldest", delivery_mode=PERSISTENT)
    filled(story, 1, type="newest")
    story.tell(GapOpened("g", "", NODE, "broker-restart", story.at))
    for _ in range(2):
        story.wait(10)
        sample(story, 1)
    left = story.answers().queue_contents(VHOST, "work") or ()

    assert [copy.type for copy in left] == ["newest"]


def test_what_went_back_waits_again() -> None:
    """A copy whose channel closed before it was settled waits, and counts against the depth."""
    story = shop()
    (told,) = filled(story, 1)
    story.consume(WORKER, "work", prefetch=1)
    story.deliver(told, "work", WORKER)
    assert contents(story) == []
    story.tell(ChannelClosed(WORKER, 1, "", "event"))
    story.wait(60)
    sample(story, 1)
    sample(story, 1)
    found = queue(story)

    assert (found.returned, found.unseen, found.agreement.verdict) == (1, 0, "exact")
    assert [state for state, _ in contents(story)] == ["delivered"]


@settings(max_examples=30, deadline=None)
@given(histories())
def test_what_went_back_is_not_overlooked(history: list[Envelope]) -> None:
    """In any history as many copies went back as are found one by one, and a restored state tells the same."""
    projection, again = Projection("main"), Projection("main")
    projection.fold.fold(history)
    again.fold.restore(projection.fold.save())
    for each in (projection.linker, again.linker):
        for place in each.queues():
            line = each.queue(*place)
            assert line is not None
            there = [copy for _, copy in line.contents() if copy.state in IN_HAND]
            assert returned_in(line) == sum(copy.attempts[-1].returned for copy in there)


def test_a_gap_since_the_sample_makes_it_less_sure() -> None:
    """What is missed in a gap may have filled or emptied the queue."""
    story = shop()
    filled(story, 3)
    sample(story, 3)
    story.tell(GapOpened("g", VHOST, NODE, "connection-lost", story.at))
    story.wait(10)
    story.publish(CLIENT, "", "other", ("other",))
    agreement = queue(story).agreement

    assert (agreement.verdict, agreement.confidence) == ("exact", 0.6)
    assert "gap" in agreement.why


def test_where_deliveries_are_not_captured_nothing_is_known() -> None:
    """A mode that takes publishes only never sees a message leave."""
    story = shop()
    story.tell(TapsPlanned(VHOST, (), (), True, "publishes, classic"))
    filled(story, 2)

    assert queue(story).agreement.confidence == 0.0


def test_a_page_of_the_contents() -> None:
    """Contents are told from any number on."""
    story = shop()
    filled(story, 5)
    answers = story.answers()
    every = [copy.position for copy in answers.queue_contents(VHOST, "work") or ()]
    page = answers.queue_contents(VHOST, "work", start=2, limit=2) or ()

    assert [copy.position for copy in page] == every[2:4]
    assert answers.queue_contents(VHOST, "none") is None
    assert answers.queue(VHOST, "none") is None
