"""What becomes of copies that nobody tells of: settled or gone, with cause and confidence; and revived."""

from events.facts import QueueDeleted
from projector.linker.model import ChangeKind
from tests.unit.linker_log import Log, death


def copy_of(log: Log, position: int, number: int = 0) -> tuple[str, str | None]:
    copy = log.document(position).copies[number]
    return copy.state, copy.cause


def test_a_consumer_that_never_acknowledges_settles_at_delivery() -> None:
    """Without acknowledgements a delivery is the end."""
    log = Log()
    log.consumer("q", acks=False)
    sent = log.publish("q")
    log.deliver("q")

    assert copy_of(log, sent) == ("settled", "its consumer never acknowledges")
    assert log.document(sent).state == "settled"


def test_with_a_prefetch_of_one_the_next_delivery_proves_settlement() -> None:
    """The consumer can hold only one, so the one before was settled, for sure."""
    log = Log()
    log.consumer("q", prefetch=1)
    first, second = log.publish("q", body=b"1"), log.publish("q", body=b"2")
    log.deliver("q", body=b"1")
    assert copy_of(log, first)[0] == "delivered"
    log.deliver("q", body=b"2")

    assert copy_of(log, first)[0] == "settled"
    assert log.document(first).copies[0].confidence == 1.0
    assert copy_of(log, second)[0] == "delivered"


def test_an_unknown_prefetch_proves_nothing() -> None:
    """Without knowing the consumer nothing is settled."""
    log = Log()
    sent = [log.publish("q", body=bytes([number])) for number in range(80)]
    for number in range(80):
        log.deliver("q", body=bytes([number]))

    assert {copy_of(log, position)[0] for position in sent} == {"delivered"}


def test_a_settled_copy_that_comes_again_is_revived() -> None:
    """Inference gives way to what is observed."""
    log = Log()
    log.consumer("q", prefetch=1)
    first = log.publish("q", body=b"1")
    log.publish("q", body=b"2")
    log.deliver("q", body=b"1")
    log.deliver("q", body=b"2")
    log.deliver("q", body=b"1", again=True)

    assert copy_of(log, first) == ("redelivered", None)
    assert not log.told(ChangeKind.UNSEEN_PUBLISH)


def test_a_rejected_copy_frees_its_place_in_the_prefetch() -> None:
    """A copy that died is not counted among what its consumer holds."""
    log = Log()
    log.consumer("q", prefetch=2)
    sent = [log.publish("q", body=bytes([number])) for number in range(3)]
    log.deliver("q", body=b"\0")
    log.deliver("q", body=b"\1")
    log.dead_letter([death("q")], body=b"\1")
    log.deliver("q", body=b"\2")

    assert [copy_of(log, position)[0] for position in sent] == [
        "delivered",
        "dead-lettered",
        "delivered",
    ]


def test_what_waited_in_a_deleted_queue_is_gone() -> None:
    """The cause names the deletion."""
    log = Log()
    log.queue("q")
    sent = log.publish("q")
    log.add(_deleted("q"))

    assert copy_of(log, sent) == ("gone", "its queue was deleted")
    assert log.document(sent).state == "gone"


def _deleted(queue: str) -> QueueDeleted:

    return QueueDeleted("/", queue, "event")


def test_a_copy_overtaken_a_hundred_times_is_gone() -> None:
    """In a queue kept in order, a hundred later first deliveries mean that the older copy has left."""
    log = Log()
    old = log.publish("q", body=b"old")
    for number in range(102):
        body = number.to_bytes(2)
        log.publish("q", body=body)
        log.deliver("q", body=body)
        if number < 99:
            assert copy_of(log, old)[0] == "waiting"

    assert copy_of(log, old) == ("gone", "a hundred later copies were delivered before it")


def test_in_a_priority_queue_overtaking_proves_nothing() -> None:
    """Priorities reorder."""
    log = Log()
    log.queue("q", x_max_priority=5)
    old = log.publish("q", body=b"old")
    for number in range(150):
        body = number.to_bytes(2)
        log.publish("q", body=body)
        log.deliver("q", body=body)

    assert copy_of(log, old)[0] == "waiting"


def test_two_empty_samples_in_a_row_empty_the_queue() -> None:
    """What was enqueued well before them has left; what came since waits."""
    log = Log()
    old = log.publish("q", body=b"old")
    log.wait(20)
    log.sample("q", 0)
    assert copy_of(log, old)[0] == "waiting"
    new = log.publish("q", body=b"new")
    log.wait(5)
    log.sample("q", 0)

    assert copy_of(log, old) == ("gone", "two samples in a row showed its queue empty")
    assert copy_of(log, new)[0] == "waiting"


def test_a_sample_that_is_not_empty_starts_over() -> None:
    """Only samples in a row count."""
    log = Log()
    old = log.publish("q")
    log.wait(20)
    for ready in (0, 1, 0):
        log.sample("q", ready)

    assert copy_of(log, old)[0] == "waiting"


def test_a_copy_that_outlived_its_time_to_live_is_gone() -> None:
    """The queue's or the message's, by the times of later facts."""
    log = Log()
    log.queue("short", x_message_ttl=1000)
    in_queue = log.publish("short", body=b"1")
    own = log.publish("q", body=b"2", expiration="1000")
    log.wait(60)
    log.sample("short", 1)
    log.sample("q", 1)

    assert copy_of(log, in_queue) == ("gone", "its time to live passed")
    assert copy_of(log, own) == ("gone", "its time to live passed")


def test_a_copy_believed_gone_that_is_delivered_is_revived() -> None:
    """What was inferred is taken back, and no new message is made up."""
    log = Log()
    log.queue("short", x_message_ttl=1000)
    sent = log.publish("short")
    log.wait(60)
    log.sample("short", 1)
    log.deliver("short")

    assert copy_of(log, sent) == ("delivered", None)
    assert not log.told(ChangeKind.UNSEEN_PUBLISH)


def test_a_copy_believed_gone_that_turns_out_dead_is_dead() -> None:
    """A dead letter behind a time to live is told later by its delivery."""
    log = Log()
    log.queue("delay", x_message_ttl=1000)
    sent = log.publish("delay")
    log.wait(60)
    log.sample("delay", 0)
    log.deliver("work", exchange="", key="work", deaths=[death("delay", "expired")])

    assert copy_of(log, sent)[0] == "dead-lettered"
    assert log.document(sent).state == "delivered"
