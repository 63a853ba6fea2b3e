"""Deaths: what the dead-letter taps tell, what a delivery behind a death tells, and retry loops as one message."""

from typing import Any

from projector.linker.model import ChangeKind
from tests.unit.linker_log import Log, death


def copies(log: Log, position: int) -> list[tuple[object, str, str]]:
    return [(copy.queue, copy.origin, copy.state) for copy in log.document(position).copies]


def test_a_rejected_message_waits_in_the_dead_letter_queue_nobody_reads() -> None:
    """A dead letter seen by the tap kills the copy where it was and puts one where it was routed."""
    log = Log()
    log.exchange("dlx")
    log.queue("failed")
    log.bind("dlx", "failed")
    sent = log.publish("work")
    log.deliver("work")
    log.dead_letter([death("work")])

    told = log.document(sent)
    assert told.state == "dead-lettered"
    assert copies(log, sent) == [
        ("work", "routed", "dead-lettered"),
        ("failed", "dead-letter", "waiting"),
    ]
    letter = told.copies[0].dead_letter
    assert letter is not None
    assert (letter.reason, letter.exchange, letter.routing_key) == ("rejected", "dlx", "new")
    assert (letter.to_queues, letter.count, letter.timer) == (("failed",), 1, False)
    assert told.copies[1].dead_letter is None


def test_a_death_told_by_tap_and_by_delivery_is_one_death() -> None:
    """The delivery from the dead-letter queue is of the copy that the tap put there."""
    log = Log()
    log.exchange("dlx")
    log.queue("failed")
    log.bind("dlx", "failed")
    sent = log.publish("work")
    log.deliver("work")
    log.dead_letter([death("work")])
    log.deliver("failed", exchange="dlx", deaths=[death("work")])

    assert len(log.told(ChangeKind.COPY_DIED)) == 1
    assert copies(log, sent)[1] == ("failed", "dead-letter", "delivered")
    assert log.document(sent).state == "dead-lettered"


def test_a_death_told_by_delivery_and_later_by_tap_is_one_death() -> None:
    """A tap that lags behind adds nothing to a death the delivery told of."""
    log = Log()
    log.exchange("dlx")
    log.queue("failed")
    log.bind("dlx", "failed")
    sent = log.publish("work")
    log.deliver("work")
    log.deliver("failed", exchange="dlx", deaths=[death("work")])
    log.dead_letter([death("work")])

    assert len(log.told(ChangeKind.COPY_DIED)) == 1
    assert copies(log, sent) == [
        ("work", "routed", "dead-lettered"),
        ("failed", "inferred", "delivered"),
    ]


def test_a_death_whose_route_is_not_known_is_followed_when_it_is_delivered() -> None:
    """With an exchange nobody described, the copy appears at its delivery, and the death counts once."""
    log = Log()
    sent = log.publish("work")
    log.deliver("work")
    log.dead_letter([death("work")])
    assert log.document(sent).copies[0].dead_letter is not None
    log.deliver("failed", exchange="dlx", deaths=[death("work")])

    letter = log.document(sent).copies[0].dead_letter
    assert letter is not None
    assert letter.to_queues == ("failed",)
    assert len(log.told(ChangeKind.COPY_DIED)) == 1
    assert len(log.envelopes) == 4


def test_a_retry_loop_that_ended_well_is_one_delivered_message_with_its_rounds() -> None:
    """Main, rejected, a retry queue with a time to live that nobody reads, main again: twice, then it succeeds."""
    log = Log()
    log.exchange("rejected", "direct")
    log.queue(
        "ml.retry", x_message_ttl=200, x_dead_letter_exchange="", x_dead_letter_routing_key="ml"
    )
    log.queue("ml", x_dead_letter_exchange="rejected", x_dead_letter_routing_key="ml")
    log.bind("rejected", "ml.retry", "ml")
    sent = log.publish("ml")
    log.deliver("ml")
    for round_ in (1, 2):
        before = [death("ml.retry", "expired", round_ - 1)] if round_ > 1 else []
        log.dead_letter([death("ml", count=round_), *before], exchange="rejected", key="ml")
        if round_ == 1:
            assert log.document(sent).state == "dead-lettered"
        log.deliver(
            "ml", exchange="", key="ml",
            deaths=[death("ml.retry", "expired", round_), death("ml", count=round_)],
        )  # fmt: skip

    told = log.document(sent)
    assert (told.state, told.retry_rounds) == ("delivered", 2)
    assert [copy.queue for copy in told.copies] == ["ml", "ml.retry", "ml", "ml.retry", "ml"]
    assert [copy.dead_letter.timer for copy in told.copies if copy.dead_letter] == [
        False,
        True,
        False,
        True,
    ]
    assert len(log.told(ChangeKind.COPY_DIED)) == 4
    assert not log.told(ChangeKind.UNSEEN_PUBLISH)


def test_the_same_loop_without_taps_is_rebuilt_from_its_history() -> None:
    """With the taps off the unseen hops are filled in at the delivery behind them."""
    log = Log()
    sent = log.publish("ml")
    log.deliver("ml")
    for round_ in (1, 2):
        log.deliver(
            "ml", exchange="", key="ml",
            deaths=[death("ml.retry", "expired", round_), death("ml", count=round_)],
        )  # fmt: skip

    told = log.document(sent)
    assert (told.state, told.retry_rounds) == ("delivered", 2)
    assert [copy.queue for copy in told.copies] == ["ml", "ml.retry", "ml", "ml.retry", "ml"]
    assert copies(log, sent)[1] == ("ml.retry", "inferred", "dead-lettered")


def test_rounds_nobody_saw_are_counted_from_the_history() -> None:
    """A count that jumps tells of rounds that were not observed."""
    log = Log()
    sent = log.publish("ml")
    log.deliver("ml")
    log.deliver("ml", exchange="", deaths=[death("ml.retry", "expired", 3), death("ml", count=3)])

    told = log.document(sent)
    assert (told.state, told.retry_rounds) == ("delivered", 3)
    assert not log.told(ChangeKind.UNSEEN_PUBLISH)


def test_a_long_history_of_rounds_is_counted_without_a_copy_for_each() -> None:
    """A thousand unseen rounds are a number, not a thousand copies."""
    log = Log()
    sent = log.publish("ml")
    log.deliver("ml")
    log.deliver(
        "ml", exchange="", deaths=[death("ml.retry", "expired", 1000), death("ml", count=1000)]
    )

    told = log.document(sent)
    assert told.retry_rounds == 1000
    assert len(told.copies) < 40


def test_deaths_carried_on_a_publish_are_not_its_own() -> None:
    """What stands in `x-death` at the publish was put there by the publisher."""
    log = Log()
    carried: Any = {"headers": {"x-death": [death("elsewhere", count=7)]}}
    sent = log.publish("work", **carried)
    log.deliver("work", **carried)

    assert log.document(sent).state == "delivered"
    assert not log.told(ChangeKind.COPY_DIED)


def test_an_ordinary_publish_to_a_tapped_exchange_is_no_death() -> None:
    """A service that publishes to a dead-letter exchange, history and all, kills nothing."""
    log = Log()
    carried = [death("work")]
    sent = log.publish("failed", exchange="dlx", headers={"x-death": carried})
    log.dead_letter(carried)
    log.dead_letter(None)

    assert log.document(sent).state == "waiting"
    assert not log.told(ChangeKind.COPY_DIED)


def test_a_death_on_top_of_carried_ones_is_the_message_own() -> None:
    """Only deaths after the publish count."""
    log = Log()
    sent = log.publish("work", headers={"x-death": [death("elsewhere")]})
    log.deliver("work", headers={"x-death": [death("elsewhere")]})
    log.dead_letter([death("work"), death("elsewhere")])

    assert log.document(sent).state == "dead-lettered"
    assert len(log.told(ChangeKind.COPY_DIED)) == 1


def test_a_dead_letter_that_overtakes_its_publish_waits_for_it() -> None:
    """The tap may be ahead of the firehose; nothing is invented meanwhile."""
    log = Log()
    log.dead_letter([death("work")])
    assert not log.changes
    sent = log.publish("work")
    log.deliver("work")

    assert log.document(sent).state == "dead-lettered"
    assert [len(copy.attempts) for copy in log.document(sent).copies] == [1]
    assert not log.told(ChangeKind.UNSEEN_PUBLISH)


def test_a_dead_letter_whose_publish_never_comes_is_shown_with_the_reason() -> None:
    """After a bounded wait the message is shown as one whose publish was not observed."""
    log = Log()
    log.dead_letter([{**death("work", exchange="orders"), "routing-keys": ["new"]}])
    log.wait(10)
    log.sample("other", 1)

    (unseen,) = log.told(ChangeKind.UNSEEN_PUBLISH)
    told = log.linker.document(unseen[1])
    assert (told.publish_observed, told.state, told.not_observed) == (
        False,
        "dead-lettered",
        "before capture",
    )
    assert (told.exchange, told.routing_keys) == ("orders", ("new",))


def test_an_expiry_where_nobody_reads_before_a_consumer_is_a_timer() -> None:
    """A delay queue that expires into a consumed queue is a timer, not a failure."""
    log = Log()
    log.exchange("due")
    log.queue("delay", x_message_ttl=1000)
    log.queue("work")
    log.bind("due", "work")
    log.consumer("work")
    sent = log.publish("delay")
    log.dead_letter([death("delay", "expired")], exchange="due")

    letter = log.document(sent).copies[0].dead_letter
    assert letter is not None
    assert letter.timer
    assert log.document(sent).state == "waiting"


def test_an_expiry_into_a_queue_nobody_reads_is_a_failure() -> None:
    """Without a consumer behind it an expiry is no delay."""
    log = Log()
    log.exchange("dlx")
    log.queue("failed")
    log.bind("dlx", "failed")
    sent = log.publish("work")
    log.dead_letter([death("work", "expired")])

    assert log.document(sent).state == "dead-lettered"


def test_a_dead_letter_through_the_default_exchange_goes_from_queue_to_queue() -> None:
    """What the delivery shows is enough: the exchange has no name."""
    log = Log()
    sent = log.publish("work")
    log.deliver("work")
    log.deliver("failed", exchange="", key="failed", deaths=[death("work")])

    letter = log.document(sent).copies[0].dead_letter
    assert letter is not None
    assert (letter.exchange, letter.routing_key, letter.to_queues) == ("", "failed", ("failed",))


def test_identical_messages_die_one_at_a_time() -> None:
    """Two equal messages with equal deaths are two deaths of two messages."""
    log = Log()
    log.exchange("dlx")
    log.queue("failed")
    log.bind("dlx", "failed")
    sent = [log.publish("work"), log.publish("work")]
    log.deliver("work")
    log.deliver("work")
    log.dead_letter([death("work")])
    log.dead_letter([death("work")])
    log.deliver("failed", deaths=[death("work")])
    log.deliver("failed", deaths=[death("work")])

    assert [log.document(position).state for position in sent] == ["dead-lettered", "dead-lettered"]
    assert [
        [len(copy.attempts) for copy in log.document(position).copies] for position in sent
    ] == [[1, 1], [1, 1]]
    assert len(log.told(ChangeKind.COPY_DIED)) == 2
