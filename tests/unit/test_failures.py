"""What fails on the edges of the topology."""

from projector.answers import Edge
from tests.support.story import SECOND_NS, Story

SENDER, WORKER = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b"


def begun() -> Story:
    story = Story()
    story.exchange("orders")
    story.exchange("dlx", "fanout")
    story.queue("work", dead_letter_exchange="dlx")
    story.queue("failed")
    story.bind("orders", "work")
    story.bind("dlx", "failed")
    story.connect(SENDER, "Sender")
    story.connect(WORKER, "Worker")
    story.consume(WORKER, "work")
    return story


def edge(story: Story, kind: str) -> Edge:
    (found,) = (
        each
        for each in story.answers().topology().edges
        if each.kind == kind and "service:" in each.from_ + each.to
    )
    return found


def test_what_is_routed_nowhere_fails_its_publish() -> None:
    """An unroutable message is a failure of the edge it was published on, in the same span as the rate."""
    story = begun()
    story.publish(SENDER, "orders", "k", ("work",))
    story.publish(SENDER, "orders", "k", ())
    found = edge(story, "publish")

    assert (found.messages, found.failures, found.failures_by) == (2, 1, {"unroutable": 1})
    assert found.rate_per_s == 2 * (found.failures_per_s or 0.0) > 0


def test_a_reply_whose_way_is_hidden_is_no_failure() -> None:
    """Where the broker does not show that a reply was routed, its publish did not fail."""
    story = begun()
    story.publish(SENDER, "", "amq.rabbitmq.reply-to.g2dkA", ())

    assert edge(story, "publish").failures == 0


def test_a_refused_message_fails_publish_and_delivery_once() -> None:
    """Rejected at its second attempt: two deliveries failed, and one publish however often its message dies."""
    story = begun()
    told = story.publish(SENDER, "orders", "k", ("work",))
    story.deliver(told, "work", WORKER)
    story.deliver(told, "work", WORKER, redelivered=True)
    dead = story.die(told, "work", "rejected", "dlx")
    story.die(dead, "failed", "maxlen", "dlx")
    given, sent = edge(story, "deliver"), edge(story, "publish")

    assert (given.messages, given.deliveries, given.failures) == (1, 2, 2)
    assert given.failures_by == {"dead-lettered": 1, "redelivered": 1}
    assert (sent.failures, sent.failures_by) == (1, {"dead-lettered": 1})


def test_a_delay_is_no_failure() -> None:
    """A message that waited in a queue that nobody reads, and was given to somebody then, did not fail."""
    story = begun()
    story.queue("later", dead_letter_exchange="", dead_letter_routing_key="work", message_ttl=1)
    told = story.publish(SENDER, "", "later", ("later",))
    again = story.die(told, "later", "expired", "", routing_key="work", seen=False)
    story.deliver(again, "work", WORKER)

    assert (edge(story, "publish").failures, edge(story, "deliver").failures) == (0, 0)


def test_failures_fade_with_the_rate() -> None:
    """Two minutes later none failed of late, and all that ever did are still counted."""
    story = begun()
    story.publish(SENDER, "orders", "k", ())
    story.wait(120)
    story.queue("another")
    found = edge(story, "publish")

    assert (found.failures, found.failures_per_s, found.rate_per_s) == (1, 0.0, 0.0)
    assert story.at - (found.first_seen or 0) > 100 * SECOND_NS


def test_failures_follow_a_late_name() -> None:
    """What failed before a connection had its name is counted for the service it turned out to be."""
    story = begun()
    story.publish("9.9.9.9:9 -> b", "orders", "k", ())
    story.connect("9.9.9.9:9 -> b", "Sender")

    assert (edge(story, "publish").messages, edge(story, "publish").failures) == (1, 1)
