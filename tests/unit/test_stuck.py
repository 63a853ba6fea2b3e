"""When a queue is stuck, and why."""

import pytest

from events.facts import QueueSampled
from projector.views.stuck import (
    BEHIND_AFTER_NS,
    NO_CONSUMER_AFTER_NS,
    NO_DELIVERY_AFTER_NS,
    SECOND_NS,
    Activity,
    Waiting,
    problem_of,
)
from tests.support.story import START_NS, Story

NOW = 10_000 * SECOND_NS
SENDER, WORKER = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b"


def kind(waiting: Waiting, activity: Activity) -> str | None:
    found = problem_of(waiting, activity, NOW)
    return None if found is None else found.kind


def test_an_empty_queue_is_not_stuck() -> None:
    """Nobody need consume where nothing waits."""
    assert kind(Waiting(0, None), Activity()) is None


@pytest.mark.parametrize(("age", "expected"), [(0, "no-consumer"), (-1, None)])
def test_messages_that_nobody_consumes_are_stuck_after_a_minute(
    age: int, expected: str | None
) -> None:
    """The oldest must have waited for the limit, so that a restart of a consumer is no alarm."""
    assert kind(Waiting(3, NOW - NO_CONSUMER_AFTER_NS - age), Activity()) == expected


def test_who_fetches_without_consuming_keeps_a_queue_moving() -> None:
    """A delivery within the limit shows that somebody takes messages, consumer or not."""
    taken = Activity(delivered_at=NOW - NO_CONSUMER_AFTER_NS + 1)

    assert kind(Waiting(3, 0), taken) is None


@pytest.mark.parametrize(("ago", "expected"), [(0, "no-delivery"), (-1, None)])
def test_a_consumer_that_is_given_nothing_is_stuck(ago: int, expected: str | None) -> None:
    """With somebody consuming, and none delivered for the limit, the problem counts from the last delivery."""
    last = NOW - NO_DELIVERY_AFTER_NS - ago
    found = problem_of(Waiting(2, 0), Activity(delivered_at=last, consumers=1), NOW)

    assert (None if found is None else (found.kind, found.since)) == (
        None if expected is None else (expected, last)
    )


@pytest.mark.parametrize(
    ("come", "leave", "age", "expected"),
    [
        (5.0, 2.0, BEHIND_AFTER_NS, "falling-behind"),
        (5.0, 5.0, BEHIND_AFTER_NS, None),
        (0.0, 0.0, BEHIND_AFTER_NS, None),
        (5.0, 2.0, BEHIND_AFTER_NS - 1, None),
    ],
)
def test_a_queue_falls_behind_when_more_come_than_leave(
    come: float, leave: float, age: int, expected: str | None
) -> None:
    """Only where the oldest has waited long, so that a burst is no alarm."""
    activity = Activity(NOW - SECOND_NS, come, leave, consumers=2)

    assert kind(Waiting(9, NOW - age), activity) == expected


def test_where_waiting_is_the_point_nothing_is_stuck() -> None:
    """A retry, delay or parking queue and a stream may hold messages without a consumer."""
    assert kind(Waiting(9, 0, may_wait=True), Activity()) is None


def test_where_deliveries_are_not_captured_none_is_missed() -> None:
    """Only what the broker itself tells counts there: whether somebody consumes."""
    assert kind(Waiting(9, 0, is_watched=False), Activity(consumers=1)) is None
    assert kind(Waiting(9, 0, is_watched=False), Activity()) == "no-consumer"


def test_a_queue_says_what_makes_it_stuck() -> None:
    """In the answer: why and since when, until a consumer has taken what waits."""
    story = Story()
    story.queue("work")
    story.connect(SENDER, "Sender")
    told = story.publish(SENDER, "", "work", ("work",))
    story.wait(90)
    story.tell(QueueSampled("/", "work", 1, 0, 0))
    (stuck,) = story.answers().queues()
    story.connect(WORKER, "Worker")
    story.consume(WORKER, "work")
    story.deliver(told, "work", WORKER)
    story.tell(QueueSampled("/", "work", 0, 1, 1))
    (moving,) = story.answers().queues()

    assert stuck.problem is not None
    assert (stuck.problem.kind, stuck.problem.why) == (
        "no-consumer",
        "1 message waits and nobody consumes",
    )
    assert START_NS < stuck.problem.since < story.at
    assert moving.problem is None
    assert moving.last_delivered_at is not None
