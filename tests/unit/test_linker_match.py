"""Which copy a delivery is of: repeats, order, identical copies, streams, clusters, unseen publishes."""

import pytest

from projector.linker.limits import Limits
from projector.linker.model import ChangeKind
from tests.unit.linker_log import Log


def states(log: Log, position: int) -> list[str]:
    return [copy.state for copy in log.document(position).copies]


def test_a_message_has_a_copy_in_every_routed_queue() -> None:
    """Each is delivered by itself; the worst of them is the message's state."""
    log = Log()
    sent = log.publish("a", "b")
    assert (states(log, sent), log.document(sent).state) == (["waiting", "waiting"], "waiting")
    log.deliver("b")

    assert (states(log, sent), log.document(sent).state) == (["waiting", "delivered"], "delivered")


def test_a_message_routed_nowhere_is_unroutable() -> None:
    """No queue, no copy."""
    log = Log()
    assert log.document(log.publish()).state == "unroutable"


def test_identical_messages_are_delivered_in_order() -> None:
    """Three equal publishes and three deliveries are three messages with one attempt each."""
    log = Log()
    sent = [log.publish("q") for _ in range(3)]
    delivered = [log.deliver("q") for _ in range(3)]

    assert [log.document(position).copies[0].attempts[0].position for position in sent] == delivered
    assert not log.told(ChangeKind.UNSEEN_PUBLISH)


def test_a_repeat_is_of_the_copy_delivered_before() -> None:
    """A redelivery is another attempt, not another message."""
    log = Log()
    sent = log.publish("q")
    log.deliver("q")
    log.deliver("q", to="other", again=True)

    told = log.document(sent)
    assert told.state == "redelivered"
    assert [attempt.redelivered for attempt in told.copies[0].attempts] == [False, True]


def test_a_repeat_prefers_the_copy_whose_channel_closed() -> None:
    """Of two equal copies the one whose consumer went away came back, though the other was delivered later."""
    log = Log()
    lost, kept = log.publish("q"), log.publish("q")
    log.deliver("q", to="gone")
    log.deliver("q", to="stays")
    log.closed("gone")
    log.deliver("q", to="stays", again=True)

    assert [len(log.document(position).copies[0].attempts) for position in (lost, kept)] == [2, 1]
    assert log.document(lost).copies[0].confidence == 0.5
    assert log.document(lost).copies[0].cause == "identical copies are interchangeable"


def test_a_repeat_of_what_was_never_seen_delivered_is_of_the_waiting_copy() -> None:
    """The first delivery may have been missed."""
    log = Log()
    sent = log.publish("q")
    log.deliver("q", again=True)

    assert states(log, sent) == ["redelivered"]


def test_a_delivery_without_a_publish_is_a_message_whose_publish_was_not_observed() -> None:
    """The reason is named."""
    log = Log()
    position = log.deliver("q")

    told = log.document(position)
    assert (told.publish_observed, told.not_observed, told.state) == (
        False,
        "before capture",
        "delivered",
    )
    assert told.latency_ms is None


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"x-shovelled": [{}]}, "shovel"),
        ({"x-received-from": [{}]}, "federation"),
        ({"x-stream-offset": 7}, "stream protocol"),
    ],
)
def test_the_reason_for_an_unseen_publish_is_read_from_headers(
    headers: dict[str, object], reason: str
) -> None:
    """Shovels, federation and streams leave their marks."""
    log = Log()
    position = log.deliver("q", headers=headers)

    assert log.document(position).not_observed == reason


def test_a_publish_not_seen_after_a_gap_was_likely_inside_it() -> None:
    """The ledger explains absence."""
    from events.facts import GapClosed, GapOpened

    log = Log()
    log.add(GapOpened("g1", "", "", "broker-restart", 1))
    log.add(GapClosed("g1", "", "", "broker-restart", 1, 2))

    assert log.document(log.deliver("q")).not_observed == "inside a gap"


def test_in_a_stream_one_copy_has_many_deliveries() -> None:
    """Readers of a stream share a copy, known by its offset; other offsets are other copies."""
    log = Log()
    first, second = log.publish("s"), log.publish("s")
    for offset in (0, 1):
        log.deliver("s", headers={"x-stream-offset": offset}, to="one")
    log.deliver("s", headers={"x-stream-offset": 0}, to="two")

    assert [len(log.document(position).copies[0].attempts) for position in (first, second)] == [
        2,
        1,
    ]
    assert log.document(first).state == "delivered"


def test_in_a_cluster_a_delivery_may_come_before_its_publish() -> None:
    """With two nodes it waits for it; with one it does not."""
    log = Log()
    log.publish("x", body=b"1", by="c1", node="n1")
    log.publish("x", body=b"2", by="c2", node="n2")
    early = log.deliver("q", body=b"late", to="c3", node="n2")
    assert log.linker.get(early) is None
    sent = log.publish("q", body=b"late", by="c1")

    assert states(log, sent) == ["delivered"]
    assert not log.told(ChangeKind.UNSEEN_PUBLISH)


def test_a_delivery_held_too_long_is_shown_without_its_publish() -> None:
    """The wait is bounded."""
    log = Log(Limits(held_events_max=5))
    log.publish("x", body=b"1", by="c1", node="n1")
    log.publish("x", body=b"2", by="c2", node="n2")
    early = log.deliver("q", body=b"lost", to="c3", node="n2")
    for _ in range(7):
        log.publish("x", body=b"1", by="c1")

    assert log.document(early).publish_observed is False


def test_latency_is_only_told_when_both_ends_were_observed_live() -> None:
    """From a backlog no latency follows."""
    log = Log()
    sent = log.publish("q", body=b"1")
    log.deliver("q", body=b"1")
    assert log.document(sent).latency_ms == 1.0
    assert log.document(sent).time_quality == "live"

    log.lag_ms = 500
    late = log.publish("q", body=b"2")
    log.lag_ms = 0
    log.deliver("q", body=b"2")
    assert (log.document(late).latency_ms, log.document(late).time_quality) == (None, "backlog")


def test_the_brokers_own_time_is_used_and_labelled() -> None:
    """With the interceptor on, the publish has the broker's time."""
    log = Log()
    stamp = log.now // 1_000_000
    sent = log.publish("q", headers={"timestamp_in_ms": stamp})

    assert (log.document(sent).time_quality, log.document(sent).published_at) == (
        "broker",
        stamp * 1_000_000,
    )


def test_a_poison_message_keeps_its_first_attempts_and_its_last() -> None:
    """A loop of redeliveries stays bounded."""
    log = Log(Limits(attempts_per_copy_max=5))
    sent = log.publish("q")
    log.deliver("q")
    last = [log.deliver("q", again=True) for _ in range(100)][-1]

    attempts = log.document(sent).copies[0].attempts
    assert len(attempts) == 5
    assert attempts[-1].position == last


def test_the_oldest_of_the_longest_queue_becomes_a_counter_beyond_the_limit() -> None:
    """Waiting copies are bounded; views are told of what is forgotten."""
    log = Log(Limits(live_copies_max=10))
    sent = [log.publish("q", body=bytes([number])) for number in range(15)]

    assert log.linker.get(sent[0]) is None
    assert log.linker.get(sent[-1]) is not None
    assert [change[1].position for change in log.told(ChangeKind.MESSAGE_FORGOTTEN)] == sent[:5]


def test_traffic_passing_through_does_not_push_out_what_waits() -> None:
    """Messages long delivered go first; a dead-letter queue stays."""
    log = Log(Limits(passed_messages_max=5))
    waits = log.publish("dlq", body=b"waits")
    for number in range(50):
        body = bytes([number])
        log.publish("q", body=body)
        log.deliver("q", body=body)

    assert log.linker.get(waits) is not None
    assert len(log.told(ChangeKind.MESSAGE_FORGOTTEN)) == 45


def test_a_direct_reply_waits_for_nobody() -> None:
    """Until 4.2 a broker names the pseudo-queue and hides the delivery: the state is unknown, delivered once it is seen."""
    log = Log()
    pseudo_queue = "amq.rabbitmq.reply-to.g1h2"
    hidden = log.publish(pseudo_queue, body=b"hidden", exchange="", key=pseudo_queue)
    shown = log.publish(pseudo_queue, body=b"shown", exchange="", key=pseudo_queue)
    log.deliver(pseudo_queue, body=b"shown", exchange="", key=pseudo_queue)

    assert log.document(hidden).state == log.document(hidden).copies[0].state == "unknown"
    assert log.document(shown).state == "delivered"
