"""The latencies view: percentiles per edge, queue and type, over any hours, and what is left out of them."""

import pytest

from events.facts import ConnectionOpened, Envelope, GapClosed, GapOpened, MessageDelivered
from projector.answers import Latencies, Latency
from projector.projection import Projection
from projector.views import latencies as view
from projector.views.latencies import HOUR_NS, LatenciesView, Root
from projector.views.latency_table import table
from projector.views.sketch import RELATIVE_ERROR
from tests.support.story import NODE, SECOND_NS, START_NS, USER, VHOST, Story, Told

SHOP, BILLING, MAIL = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b", "3.3.3.3:3 -> b"


def story() -> Story:
    told = Story()
    for connection, name in ((SHOP, "shop"), (BILLING, "billing"), (MAIL, "mail")):
        told.connect(connection, name)
    return told


def ordered(told: Story, wait_s: int = 0, **properties: str) -> Told:
    """An order that waits *wait_s* and the second that every event takes."""
    message = told.publish(SHOP, "orders", "new", ("bills",), type="order", **properties)
    told.wait(wait_s)
    told.deliver(message, "bills", BILLING)
    return message


def only(answer: Latencies) -> Latency:
    (row,) = answer.items
    return row


def near(value_ms: float) -> object:
    return pytest.approx(value_ms, rel=RELATIVE_ERROR)


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("edge", ("shop", "billing", VHOST, "bills", None)),
        ("queue", (None, None, VHOST, "bills", None)),
        ("type", (None, None, None, None, "order")),
    ],
)
def test_waits_are_told_apart(by: str, told: tuple[str | None, ...]) -> None:
    """The same waits are counted per edge, per queue and per type."""
    shop = story()
    for wait_s in range(10):
        ordered(shop, wait_s)
    row = only(shop.answers().latencies(by))

    assert (row.publisher, row.subscriber, row.vhost, row.queue, row.type) == told
    assert row.queue_wait.count == 10
    assert row.queue_wait.p50_ms == near(5_000)
    assert row.queue_wait.p90_ms == near(9_000)
    assert row.queue_wait.max_ms == near(10_000)
    assert row.left_out == 0


def test_work_is_estimated_and_says_on_what() -> None:
    """Each estimate is counted once, under the evidence it rests on now."""
    shop = story()
    for work_s in (1, 2, 3):
        ordered(shop, correlation_id=str(work_s))
        shop.wait(work_s)
        shop.publish(BILLING, "bills", "sent", ("mails",), type="bill", correlation_id=str(work_s))
        shop.publish(BILLING, "log", "sent", (), type="line", correlation_id=str(work_s))
    row = only(shop.answers().latencies("queue"))

    assert row.processing.count == 3
    assert row.processing.p50_ms == near(4_000)
    assert row.processing_evidence == {"the last message it published because of this one": 3}


def test_a_conversation_counts_where_it_began() -> None:
    """From the publish of its root to the last of it, in the row of the root's first delivery, once."""
    shop = story()
    ordered(shop, correlation_id="1")
    bill = shop.publish(BILLING, "bills", "sent", ("mails",), type="bill", correlation_id="1")
    shop.wait(7)
    shop.deliver(bill, "mails", MAIL)
    rows = {row.queue: row for row in shop.answers().latencies("queue").items}

    assert (rows["bills"].end_to_end.count, rows["mails"].end_to_end.count) == (1, 0)
    assert rows["bills"].end_to_end.max_ms == near(10_000)


def test_a_range_is_widened_to_hours() -> None:
    """Only deliveries of the hours that the range touches are counted, and the answer names those hours."""
    shop = story()
    ordered(shop)
    shop.wait(7_200)
    ordered(shop, 4)
    second = shop.at
    answer = shop.answers().latencies("queue", since=second - SECOND_NS, until=second)
    nothing = shop.answers().latencies("queue", until=START_NS - 2 * HOUR_NS)

    assert only(answer).queue_wait.count == 1
    assert (answer.since, answer.until) == (
        second - second % HOUR_NS,
        second - second % HOUR_NS + HOUR_NS,
    )
    assert nothing.items == ()


def test_what_was_seen_late_is_left_out() -> None:
    """Deliveries out of a backlog are counted as left out, and have no times."""
    shop = story()
    ordered(shop)
    shop.envelopes = [
        Envelope(
            e.position, e.observed_at, 900 if isinstance(e.fact, MessageDelivered) else 0, e.fact
        )
        for e in shop.envelopes
    ]
    row = only(shop.answers().latencies("queue"))

    assert (row.queue_wait.count, row.end_to_end.count, row.left_out) == (0, 0, 1)


def test_what_has_a_gap_within_is_left_out() -> None:
    """A wait across a gap may not be the first delivery's."""
    shop = story()
    message = shop.publish(SHOP, "orders", "new", ("bills",))
    since = shop.at
    shop.tell(GapOpened("g", VHOST, NODE, "connection-lost", since))
    shop.tell(GapClosed("g", VHOST, NODE, "connection-lost", since, shop.at, -1))
    shop.deliver(message, "bills", BILLING)
    ordered(shop)
    row = only(shop.answers().latencies("queue"))

    assert (row.queue_wait.count, row.left_out) == (1, 1)


def test_a_service_named_late_has_its_times() -> None:
    """What was counted before a connection's name was known is counted under the name."""
    shop = Story()
    message = shop.publish(SHOP, "orders", "new", ("bills",))
    shop.deliver(message, "bills", BILLING)
    for connection, name in ((SHOP, "shop"), (BILLING, "billing")):
        shop.tell(
            ConnectionOpened(
                NODE, connection, VHOST, USER, name, "", "", "", "AMQP 0-9-1", "h", 1, 0, "", "reconciliation"
            )
        )  # fmt: skip
    row = only(shop.answers().latencies("edge"))

    assert (row.publisher, row.subscriber, row.queue_wait.count) == ("shop", "billing", 1)


def filled(hours: int, queues: int) -> LatenciesView:
    """Return a view with a wait in each of so many queues in each of so many hours."""
    made = LatenciesView("x")
    for hour in range(hours):
        for queue in range(queues):
            key = (480_000 + hour, 1, -1, -1, VHOST, f"q{queue}", "t")
            row = made.state.rows.get(key) or made._new_row(key)
            row.waits[1] = row.waits.get(1, 0) + 1
    return made


def test_old_hours_become_days() -> None:
    """Beyond the limit hours older than a day are merged, and nothing is lost by it."""
    state = filled(100, 140).state

    assert len(state.rows) <= view.ROWS_MAX
    assert any(key[1] == view.DAY_HOURS for key in state.rows)
    assert sum(row.waits[1] for row in state.rows.values()) == 100 * 140
    assert state.complete_from == 0


def test_the_oldest_go_and_that_is_told() -> None:
    """Where merging does not help, the oldest hours are dropped, and the answer says from when on it is complete."""
    state = filled(20, 1_000).state

    assert len(state.rows) <= view.ROWS_MAX
    assert state.complete_from > 480_000
    assert table(state, "queue").complete_since == state.complete_from * HOUR_NS


def test_conversations_are_bounded() -> None:
    """The oldest conversations are let go; their time stays counted as it was."""
    roots = {f"{n:032x}": Root(0, 0, (0, 1, 0, 0, "", "", "")) for n in range(2 * view.ROOTS_MAX)}
    shop = story()
    ordered(shop)
    projection = Projection("main")
    projection.latencies.state.roots = dict(roots)
    projection.fold.fold(shop.envelopes)

    assert len(projection.latencies.state.roots) == view.ROOTS_MAX + 1
