"""Timers are not failures: an expiry that served as a delay is told from one that nobody wanted."""

from events import facts
from tests.unit.linker_log import VHOST, Log, death

LEVELS = 28


def timers(log: Log, position: int) -> list[bool]:
    """Return for each death of a message whether it is a timer."""
    return [copy.dead_letter.timer for copy in log.document(position).copies if copy.dead_letter]


def topic(log: Log, name: str) -> None:
    """A topic exchange is declared."""
    log.exchange(name, "topic")


def to_exchange(log: Log, origin: str, destination: str, key: str) -> None:
    """An exchange is bound to another one."""
    log.add(facts.BindingCreated(VHOST, origin, destination, "exchange", key, {}, "event"))


def celery(log: Log) -> None:
    """Declare Celery's native delayed delivery: a queue and an exchange per bit of the delay, and the task's queue."""
    topic(log, "celery_delayed_delivery")
    for level in range(LEVELS):
        topic(log, f"celery_delayed_{level}")
    for level in range(LEVELS):
        following = f"celery_delayed_{level - 1}" if level else "celery_delayed_delivery"
        log.queue(
            f"celery_delayed_{level}",
            x_message_ttl=(1 << level) * 1000,
            x_dead_letter_exchange=following,
        )
        skipped = "*." * (LEVELS - 1 - level)
        log.bind(f"celery_delayed_{level}", f"celery_delayed_{level}", f"{skipped}1.#")
        to_exchange(log, f"celery_delayed_{level}", following, f"{skipped}0.#")
    topic(log, "tasks")
    log.queue("tasks")
    to_exchange(log, "celery_delayed_delivery", "tasks", "#.tasks")
    log.bind("tasks", "tasks", "#.tasks")


def test_celerys_chain_of_levels_is_a_timer_at_every_level() -> None:
    """Each level is left by expiry on the way to a worker's queue, by the same routing key all the way."""
    log = Log()
    celery(log)
    log.consumer("tasks")
    bits = "0" * (LEVELS - 3) + "101"
    key = ".".join(bits) + ".tasks"
    sent = log.publish("celery_delayed_2", exchange=f"celery_delayed_{LEVELS - 1}", key=key)
    first = death("celery_delayed_2", "expired")
    log.dead_letter([first], exchange="celery_delayed_1", key=key)
    assert timers(log, sent) == [True]
    second = death("celery_delayed_0", "expired")
    log.dead_letter([second, first], exchange="celery_delayed_delivery", key=key)
    log.deliver("tasks", exchange="celery_delayed_delivery", key=key, deaths=[second, first])

    assert timers(log, sent) == [True, True]
    assert log.document(sent).state == "delivered"


def test_a_chain_that_leads_to_nobody_is_no_timer() -> None:
    """Without a reader at its end a chain of expiries is where messages are lost."""
    log = Log()
    celery(log)
    key = ".".join("0" * (LEVELS - 1) + "1") + ".tasks"
    sent = log.publish("celery_delayed_0", exchange=f"celery_delayed_{LEVELS - 1}", key=key)
    log.dead_letter(
        [death("celery_delayed_0", "expired")], exchange="celery_delayed_delivery", key=key
    )

    assert timers(log, sent) == [False]


def test_a_delay_of_taskiq_is_a_timer_once_it_is_delivered() -> None:
    """Its queue sends by the default exchange, where no tap is: the delivery tells of the delay."""
    log = Log()
    log.queue("taskiq.delay", x_dead_letter_exchange="", x_dead_letter_routing_key="taskiq")
    log.queue("taskiq")
    sent = log.publish("taskiq.delay", exchange="", key="taskiq.delay", expiration="5000")
    log.deliver("taskiq", exchange="", key="taskiq", deaths=[death("taskiq.delay", "expired")])

    assert timers(log, sent) == [True]


def test_an_expiry_where_somebody_reads_is_a_failure() -> None:
    """A consumer that came too late, or stopped, makes no timer of its queue."""
    log = Log()
    log.exchange("dlx")
    log.queue("failed")
    log.bind("dlx", "failed")
    log.consumer("failed")
    log.consumer("work")
    log.add(facts.ConsumerStopped(VHOST, "work", "tag-work", "consumer", 1, "event"))
    sent = log.publish("work")
    log.dead_letter([death("work", "expired")])

    assert timers(log, sent) == [False]


def test_a_look_at_a_delay_queue_makes_nobody_read_it() -> None:
    """Somebody fetched a message by hand and put it back; the queue is a timer all the same."""
    log = Log()
    log.exchange("dlx")
    log.queue("work")
    log.bind("dlx", "work")
    log.consumer("work")
    sent = [log.publish("delay", body=bytes([number])) for number in range(4)]
    log.deliver("delay", body=b"\0", to="somebody who looks")
    for number in range(4):
        log.dead_letter([death("delay", "expired")], body=bytes([number]))

    assert timers(log, sent[3]) == [True]


def test_a_rejection_is_never_a_timer() -> None:
    """It is a consumer's own word, wherever it leads."""
    log = Log()
    log.exchange("dlx")
    log.queue("retry", x_message_ttl=100)
    log.bind("dlx", "retry")
    sent = log.publish("work")
    log.deliver("work")
    log.dead_letter([death("work")])

    assert timers(log, sent) == [False]


def test_forged_deaths_are_not_counted_before_nor_beside_real_ones() -> None:
    """Where the broker counts on from what a publish claimed, only what came on top is the message's own."""
    log = Log()
    claimed = [death("retry", "expired", 9), death("work", count=9)]
    sent = log.publish("work", headers={"x-death": claimed})
    log.deliver("work", deaths=claimed)
    log.dead_letter([death("work", count=10), death("retry", "expired", 9)])
    (letter,) = [copy.dead_letter for copy in log.document(sent).copies if copy.dead_letter]

    assert (letter.reason, letter.count) == ("rejected", 1)
    assert log.document(sent).retry_rounds == 0


def test_a_broker_that_does_not_heed_a_claim_counts_from_one() -> None:
    """Since 4.0 the deaths that a publish carried are not in the header of its dead letter."""
    log = Log()
    sent = log.publish("work", headers={"x-death": [death("work", count=9)]})
    log.deliver("work", headers={})
    log.dead_letter([death("work")])
    (letter,) = [copy.dead_letter for copy in log.document(sent).copies if copy.dead_letter]

    assert letter.count == 1
    assert len(log.linker.take_changed()) == 1


def test_a_cycle_that_the_broker_drops_puts_nothing_back() -> None:
    """What expired on its way through its own queue is gone; what was rejected comes back."""
    log = Log()
    log.exchange("dlx")
    log.queue("work")
    log.bind("dlx", "work")
    expired = log.publish("work", body=b"expired")
    log.dead_letter([death("work", "expired")], body=b"expired")
    rejected = log.publish("work", body=b"rejected")
    log.deliver("work", body=b"rejected")
    log.dead_letter([death("work")], body=b"rejected")

    assert [copy.state for copy in log.document(expired).copies] == ["dead-lettered"]
    assert [copy.state for copy in log.document(rejected).copies] == ["dead-lettered", "waiting"]


def test_rounds_beyond_the_copies_kept_are_counted() -> None:
    """A loop that goes round two hundred times is two hundred rounds, though the oldest copies are let go."""
    log = Log()
    log.exchange("rejected", "direct")
    log.queue("retry", x_dead_letter_exchange="", x_dead_letter_routing_key="work")
    log.bind("rejected", "retry", "work")
    sent = log.publish("work", exchange="", key="work")
    log.deliver("work", exchange="", key="work")
    for number in range(1, 201):
        older = [death("retry", "expired", number - 1)] if number > 1 else []
        log.dead_letter([death("work", count=number), *older], exchange="rejected", key="work")
        log.deliver(
            "work", exchange="", key="work",
            deaths=[death("retry", "expired", number), death("work", count=number)],
        )  # fmt: skip

    assert log.document(sent).retry_rounds == 200
    assert len(log.document(sent).copies) <= 128
