"""Routed is not arrived: what the broker's own depths and its queues say of copies that wait."""

from events import facts
from projector.linker.model import ChangeKind
from tests.unit.linker_log import VHOST, Log

ROUTED = "it was routed there; nothing shows that it arrived"
UNKNOWN_QUEUE = "no queue of that name is known so far"
SHOWN = "its queue's own depth shows it"
FEWER = "two samples in a row showed fewer in its queue"
REFUSED = "its queue was full, and refuses what it cannot hold"
REPLY_TO = "amq.rabbitmq.reply-to.g1hkAA5yZXBseUA"


def waits(log: Log, position: int) -> tuple[str, str | None, float]:
    """Return state, cause and confidence of a message's only copy."""
    (copy,) = log.document(position).copies
    return copy.state, copy.cause, copy.confidence


def test_what_was_only_routed_is_not_sure_to_wait() -> None:
    """That the broker routed a message to a queue is no proof that it got there."""
    log = Log()
    log.queue("q")

    assert waits(log, log.publish("q")) == ("waiting", ROUTED, 0.9)


def test_a_depth_that_shows_as_many_supports_what_waits() -> None:
    """It counts for what came well before the sample, and what it supports is told again."""
    log = Log()
    log.queue("q")
    old = log.publish("q", body=b"old")
    log.wait(20)
    new = log.publish("q", body=b"new")
    log.linker.take_changed()
    log.sample("q", 2)

    assert waits(log, old) == ("waiting", SHOWN, 0.97)
    assert waits(log, new) == ("waiting", ROUTED, 0.9)
    assert [message.position for message in log.linker.take_changed()] == [old]


def test_a_supported_copy_that_is_delivered_needs_no_cause() -> None:
    """What is seen to be handed out is sure."""
    log = Log()
    log.queue("q")
    sent = log.publish("q")
    log.wait(20)
    log.sample("q", 1)
    log.deliver("q")

    assert waits(log, sent) == ("delivered", None, 1.0)


def test_two_samples_that_show_fewer_take_the_oldest_away() -> None:
    """One could be an accident of its moment; so many as both lack are gone, the oldest first."""
    log = Log()
    log.queue("q")
    sent = [log.publish("q", body=bytes([number])) for number in range(4)]
    log.wait(20)
    log.sample("q", 1)
    assert {waits(log, position)[0] for position in sent} == {"waiting"}
    log.wait(10)
    log.sample("q", 2)

    assert [waits(log, position)[0] for position in sent] == ["gone", "gone", "waiting", "waiting"]
    assert waits(log, sent[0])[1:] == (FEWER, 0.7)


def test_a_full_queue_that_refuses_keeps_the_oldest() -> None:
    """With reject-publish the publishes beyond its length never came in."""
    log = Log()
    log.queue("q", x_max_length=2, x_overflow="reject-publish")
    sent = [log.publish("q", body=bytes([number])) for number in range(3)]
    for _ in range(2):
        log.wait(20)
        log.sample("q", 2)

    assert [waits(log, position)[0] for position in sent] == ["waiting", "waiting", "gone"]
    assert waits(log, sent[2])[1:] == (REFUSED, 0.9)


def test_a_priority_queue_that_holds_fewer_does_not_say_which() -> None:
    """Only when it is empty is it known what left."""
    log = Log()
    log.queue("q", x_max_priority=5)
    sent = [log.publish("q", body=bytes([number])) for number in range(2)]
    for ready in (1, 1):
        log.wait(20)
        log.sample("q", ready)
    assert {waits(log, position)[0] for position in sent} == {"waiting"}
    for ready in (0, 0):
        log.wait(20)
        log.sample("q", ready)

    assert {waits(log, position)[0] for position in sent} == {"gone"}


def test_no_sample_takes_anything_out_of_a_stream() -> None:
    """What is in a stream stays there, whatever is read."""
    log = Log()
    log.add(facts.QueueDeclared(VHOST, "s", "stream", True, False, False, {}, {}, "event"))
    sent = log.publish("s")
    for _ in range(3):
        log.wait(20)
        log.sample("s", 0)

    assert waits(log, sent)[0] == "waiting"


def test_a_publish_to_a_queue_that_is_not_there_is_unroutable() -> None:
    """The broker names the queue all the same; once the others are known and this one is not, nobody got the message."""
    log = Log()
    log.queue("other")
    sent = log.publish("missing", exchange="", key="missing")
    assert waits(log, sent) == ("waiting", UNKNOWN_QUEUE, 0.5)
    log.wait(20)
    log.sample("other", 0)

    assert log.document(sent).state == "unroutable"
    assert waits(log, sent)[2] == 0.9
    assert log.told(ChangeKind.COPY_STATE)


def test_a_queue_told_of_late_was_there() -> None:
    """Its declaration may come after the first publish to it."""
    log = Log()
    log.queue("other")
    sent = log.publish("late", exchange="", key="late")
    log.queue("late")
    log.wait(60)
    log.sample("other", 0)

    assert waits(log, sent) == ("waiting", ROUTED, 0.9)


def test_without_any_queue_told_nothing_is_unroutable() -> None:
    """Where nobody tells of queues, one that is not told of may well be there."""
    log = Log()
    sent = log.publish("q", exchange="", key="q")
    log.wait(60)
    log.add(facts.CaptureAudited(VHOST, log.now, log.now + 1, 1, 1, 1, 1))

    assert waits(log, sent)[0] == "waiting"


def test_a_delivery_proves_the_queue() -> None:
    """What is handed out from a queue that nobody told of did arrive."""
    log = Log()
    log.queue("other")
    sent = log.publish("hidden", exchange="", key="hidden")
    log.wait(60)
    log.sample("other", 0)
    log.deliver("hidden", exchange="", key="hidden")

    assert log.document(sent).state == "delivered"


def test_a_publish_to_a_deleted_queue_is_unroutable() -> None:
    """The reply to somebody who is gone waits for nobody."""
    log = Log()
    log.queue("other")
    log.queue("replies")
    log.publish("replies", exchange="", key="replies")
    log.add(facts.QueueDeleted(VHOST, "replies", "event"))
    late = log.publish("replies", exchange="", key="replies", body=b"late")
    log.wait(20)
    log.sample("other", 0)

    assert log.document(late).state == "unroutable"


def test_a_direct_reply_waits_in_no_queue() -> None:
    """The pseudo-queue that 4.x names holds nothing and is none of the queues."""
    log = Log()
    sent = log.publish(REPLY_TO, exchange="", key=REPLY_TO)

    assert log.document(sent).state == "unknown"
    assert log.linker.queues() == []
    log.deliver(REPLY_TO, exchange="", key=REPLY_TO)
    assert log.document(sent).state == "delivered"


def test_a_consumer_that_never_acknowledges_settles_what_it_was_given_before_it_was_known() -> None:
    """The event exchange tells of a consumer later than the firehose of its first deliveries."""
    log = Log()
    sent = log.publish("q")
    log.deliver("q")
    assert waits(log, sent)[0] == "delivered"
    log.consumer("q", acks=False)

    assert waits(log, sent)[:2] == ("settled", "its consumer never acknowledges")
