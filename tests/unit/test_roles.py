"""Which queues serve another one, and on what evidence."""

from typing import Any

import pytest

from projector.answers import Node
from tests.support.story import Story

SENDER, WORKER = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b"


def begun() -> Story:
    """Somebody consumes from `work`, whose dead letters go to the exchange `dlx`."""
    story = Story()
    story.exchange("dlx", "direct")
    story.queue("work", dead_letter_exchange="dlx", dead_letter_routing_key="dead")
    story.connect(SENDER, "Sender")
    story.connect(WORKER, "Worker")
    story.consume(WORKER, "work")
    return story


def queue(story: Story, name: str) -> Node:
    return next(each for each in story.answers().topology().nodes if each.id == f"queue:/:{name}")


def test_a_queue_whose_messages_go_back_is_a_retry_queue() -> None:
    """Dead letters of the main queue come to it, and go back when their time is over."""
    story = begun()
    story.queue("later", dead_letter_exchange="", dead_letter_routing_key="work", message_ttl=5000)
    story.bind("dlx", "later", "dead")
    found = queue(story, "later")

    assert (found.role, found.main) == ("retry", "queue:/:work")
    assert found.role_evidence == (
        "nobody consumes from it",
        "messages wait here for at most 5 s (message-ttl)",
        "what has waited is declared to go to work",
        "dead letters of work come here",
    )


def test_steps_of_a_longer_wait_belong_to_the_main_queue() -> None:
    """A retry queue behind another one serves the queue that both lead back to."""
    story = begun()
    story.queue("soon", dead_letter_exchange="", dead_letter_routing_key="late", message_ttl=1)
    story.queue("late", dead_letter_exchange="", dead_letter_routing_key="work", message_ttl=2)
    story.bind("dlx", "soon", "dead")

    assert {(queue(story, name).role, queue(story, name).main) for name in ("soon", "late")} == {
        ("retry", "queue:/:work")
    }


def test_a_queue_that_is_published_to_and_waits_is_a_delay() -> None:
    """Without dead letters of the main queue coming to it, what waits was sent there on purpose."""
    story = begun()
    story.queue(
        "in-an-hour", dead_letter_exchange="", dead_letter_routing_key="work", message_ttl=1
    )
    found = queue(story, "in-an-hour")

    assert (found.role, found.main) == ("delay", "queue:/:work")


def test_waiting_that_was_only_seen_is_evidence_too() -> None:
    """Where each message brings its own time to live, the queue is known by what waited in it and went on."""
    story = begun()
    story.queue("held", dead_letter_exchange="", dead_letter_routing_key="work")
    before = queue(story, "held").role
    told = story.publish(SENDER, "", "held", ("held",), expiration="10")
    again = story.die(told, "held", "expired", "", routing_key="work", seen=False)
    story.deliver(again, "work", WORKER)
    found = queue(story, "held")

    assert before is None
    assert (found.role, found.main) == ("delay", "queue:/:work")
    assert "1 were seen to wait here and go on" in found.role_evidence


def test_where_failures_end_is_a_parking_queue() -> None:
    """Dead letters come to it, nobody consumes, and nothing leads on; of several main queues none is told."""
    story = begun()
    story.queue("failed")
    story.bind("dlx", "failed", "dead")
    one = queue(story, "failed")
    story.queue("other", dead_letter_exchange="dlx", dead_letter_routing_key="dead")
    story.consume(WORKER, "other")
    two = queue(story, "failed")

    assert (one.role, one.main) == ("parking", "queue:/:work")
    assert (two.role, two.main) == ("parking", None)
    assert "dead letters of work, other are to end here" in two.role_evidence


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"message_ttl": 1},
        {"dead_letter_exchange": "nowhere", "message_ttl": 1},
        {"dead_letter_exchange": "", "message_ttl": 1},
    ],
)
def test_a_queue_nothing_leads_to_or_from_has_no_role(arguments: dict[str, Any]) -> None:
    """A time to live, or a dead-letter exchange that leads nowhere, makes no role."""
    story = begun()
    story.queue("plain", **arguments)

    assert queue(story, "plain").role is None


def test_a_queue_that_is_consumed_from_serves_nobody() -> None:
    """A consumer of dead letters makes its queue one like any other."""
    story = begun()
    story.queue("failed")
    story.bind("dlx", "failed", "dead")
    story.consume(SENDER, "failed")

    assert queue(story, "failed").role is None
    assert queue(story, "work").role is None
