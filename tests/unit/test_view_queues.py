"""The queues view: what is believed to wait, in order, beside the broker's own depth."""

from events.facts import QueueDeclared, QueueDeleted, QueueSampled, Table, VhostDeleted
from projector.answering import Answers
from projector.answers import QueueState
from projector.linker.limits import Limits
from projector.projection import Projection
from tests.support.story import VHOST, Story

CLIENT, WORKER = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b"


def shop() -> Story:
    story = Story()
    story.queue("work", message_ttl=5)
    story.connect(CLIENT, "client")
    story.connect(WORKER, "worker")
    return story


def queue(story: Story, name: str = "work") -> QueueState:
    return next(found for found in story.answers().queues() if found.name == name)


def test_contents_are_in_queue_order() -> None:
    """Copies are listed as they were enqueued, those handed out too, with what the message says of itself."""
    story = shop()
    first = story.publish(CLIENT, "orders", "a", ("work",), type="order")
    story.publish(CLIENT, "orders", "b", ("work",))
    story.deliver(first, "work", WORKER)
    contents = story.answers().queue_contents(VHOST, "work")

    assert contents is not None
    assert [(c.routing_key, c.state) for c in contents] == [("a", "delivered"), ("b", "waiting")]
    assert (contents[0].exchange, contents[0].type) == ("orders", "order")
    assert contents[1].enqueued_at == story.at - 10**9


def test_numbers_of_a_queue() -> None:
    """Enqueued, delivered, waiting and the broker's own depth stand beside each other."""
    story = shop()
    story.consume(WORKER, "work")
    told = [story.publish(CLIENT, "", "work", ("work",)) for _ in range(3)]
    story.deliver(told[0], "work", WORKER)
    story.tell(QueueSampled(VHOST, "work", 2, 1, 1))
    found = queue(story)

    assert (found.published, found.deliveries, found.waiting, found.delivered) == (3, 1, 2, 1)
    assert (found.broker_ready, found.broker_unacked, found.sampled_at) == (2, 1, story.at)
    assert (found.consumers, found.type, found.durable) == (("worker",), "classic", True)
    assert found.arguments == {"x-message-ttl": 5}


def test_the_oldest_that_waits_tells_its_age() -> None:
    """The oldest waiting copy's time is told, not that of one handed out."""
    story = shop()
    first = story.publish(CLIENT, "", "work", ("work",))
    story.deliver(first, "work", WORKER)
    story.publish(CLIENT, "", "work", ("work",))
    second_at = story.at
    story.publish(CLIENT, "", "work", ("work",))

    assert queue(story).oldest_at == second_at


def test_a_dead_copy_leaves_and_arrives() -> None:
    """A dead letter is taken out of the queue it died in and put into the one it went to."""
    story = shop()
    story.exchange("dlx", "fanout")
    story.queue("dead")
    story.bind("dlx", "dead")
    told = story.publish(CLIENT, "", "work", ("work",))
    story.die(told, "work", "maxlen", "dlx")

    assert (queue(story).waiting, queue(story).dead_lettered) == (0, 1)
    assert (queue(story, "dead").waiting, queue(story, "dead").published) == (1, 1)


def test_a_settled_copy_leaves() -> None:
    """What the prefetch proves settled is in the queue no more."""
    story = shop()
    story.consume(WORKER, "work", prefetch=1)
    for _ in range(2):
        told = story.publish(CLIENT, "", "work", ("work",))
        story.deliver(told, "work", WORKER)

    assert queue(story).delivered == 1


def test_a_deleted_queue_is_unknown() -> None:
    """A queue that was deleted has neither numbers nor contents."""
    story = shop()
    story.publish(CLIENT, "", "work", ("work",))
    story.tell(QueueDeleted(VHOST, "work", "event"))

    assert not story.answers().queues()
    assert story.answers().queue_contents(VHOST, "work") is None


def test_a_deleted_vhost_has_no_queues() -> None:
    """Queues go with their vhost."""
    story = shop()
    story.publish(CLIENT, "", "work", ("work",))
    story.tell(VhostDeleted(VHOST, "event"))

    assert not story.answers().queues()


def test_copies_beyond_the_memory_are_counted() -> None:
    """What the linker lets go of is uncertain until a sample shows the queue empty."""
    story = shop()
    for _ in range(300):
        story.publish(CLIENT, "", "work", ("work",))
    projection = Projection("main", Limits(live_copies_max=200))
    projection.fold.fold(story.envelopes)
    (found,) = Answers(projection).queues()

    assert found.uncertain > 0
    assert found.waiting + found.uncertain == 300


def test_contents_are_capped() -> None:
    """No more copies are listed than asked for."""
    story = shop()
    for _ in range(30):
        story.publish(CLIENT, "", "work", ("work",))

    assert len(story.answers().queue_contents(VHOST, "work", limit=10) or ()) == 10


def test_a_queue_tells_its_policy() -> None:
    """The policy in effect stands beside the arguments, for a limit may be in either."""
    story = shop()
    policy: Table = {"delivery-limit": 7}
    story.tell(QueueDeclared(VHOST, "work", "quorum", True, False, False, {}, policy, "event"))

    assert queue(story).policy == policy
