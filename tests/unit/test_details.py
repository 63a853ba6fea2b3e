"""Single services, exchanges and queues, and whether their connections live."""

from events.facts import CaptureStarted, CaptureStopped, ConsumerStopped, PolicySet, QueueDeclared
from projector.system import Instance
from projector.views.ends import CLOSED_MAX
from tests.support.story import Story

SENDER, WORKER, OTHER = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b", "3.3.3.3:3 -> b"


def begun() -> Story:
    """A sender, an exchange, a queue and a worker; capture runs."""
    story = Story()
    story.tell(CaptureStarted(1, "here", "4.0", 500, ("/",), {}))
    story.exchange("orders", "topic", alternate_exchange="lost")
    story.queue("work", dead_letter_exchange="dlx")
    story.bind("orders", "work", "order.#")
    story.connect(SENDER, "Sender")
    story.connect(WORKER, "Worker")
    story.consume(WORKER, "work")
    return story


def used() -> Story:
    story = begun()
    for kind in ("placed", "placed", "paid"):
        told = story.publish(SENDER, "orders", "order.new", ("work",), type=kind)
        story.deliver(told, "work", WORKER)
    return story


def instance(story: Story, service: str) -> Instance:
    detail = story.answers().service_detail(service)
    assert detail is not None
    return detail.instances[0]


def test_a_service_tells_what_it_sends_and_is_given() -> None:
    """Types stand with where they went and came from, the busiest first, and partners are named."""
    answers = used().answers()
    sender, worker = answers.service_detail("Sender"), answers.service_detail("Worker")
    assert sender is not None
    assert worker is not None

    assert [(t.type, t.place, t.messages) for t in sender.outputs] == [
        ("placed", "exchange:/:orders", 2),
        ("paid", "exchange:/:orders", 1),
    ]
    assert [(t.type, t.place) for t in worker.inputs] == [
        ("placed", "queue:/:work"),
        ("paid", "queue:/:work"),
    ]
    assert [edge.kind for edge in worker.edges] == ["deliver"]
    assert [pair.publisher for pair in worker.given_by] == ["Sender"]
    assert [pair.subscriber for pair in sender.gives_to] == ["Worker"]
    assert answers.service_detail("Nobody") is None


def test_an_open_consumer_lives() -> None:
    """A connection that the broker told of, and of no end, is open; its consumer is known, and its traffic counted."""
    found = instance(used(), "Worker")

    assert (found.open, found.consumes_now, found.consumed) == (True, True, 3)
    assert found.consumes_from == ("queue:/:work",)
    assert found.last_seen > found.first_seen


def test_a_consumer_that_left_does_not_consume() -> None:
    """Once the broker tells that the consumer stopped, the connection is open and consumes nothing."""
    story = used()
    story.tell(ConsumerStopped("/", "work", "tag", WORKER, 1, "event"))
    found = instance(story, "Worker")

    assert (found.open, found.consumes_now) == (True, False)


def test_a_closed_connection_is_not_open() -> None:
    """What closed consumes nothing; the name of the service is still known."""
    story = used()
    story.close(WORKER)
    found = instance(story, "Worker")

    assert (found.open, found.consumes_now, found.consumes_from) == (False, False, ())


def test_what_nobody_told_of_is_not_known() -> None:
    """A connection that is seen by its traffic alone may be open or not."""
    story = begun()
    story.publish(OTHER, "orders", "order.new", ("work",), app_id="guesser")
    found = instance(story, "guesser")

    assert (found.open, found.consumes_now) == (None, None)
    assert found.open_why.startswith("known by its traffic alone")


def test_nothing_is_known_to_live_while_capture_rests() -> None:
    """After capture stopped, a connection that was open then may have closed."""
    story = used()
    story.tell(CaptureStopped(1, "asked"))
    found = instance(story, "Worker")

    assert (found.open, found.consumes_now) == (None, None)
    assert found.open_why == "it was open when capture stopped; what came after is not known"


def test_connections_no_longer_listed_are_counted() -> None:
    """Very many short connections are a number, and the newest of them are listed."""
    story = begun()
    count = 2 * CLOSED_MAX + 10
    for number in range(count):
        name = f"4.4.4.4:{number} -> b"
        story.connect(name, "Short")
        story.publish(name, "orders", "order.new", ("work",))
        story.close(name)
    detail = story.answers().service_detail("Short")
    assert detail is not None

    assert detail.instances_total == count
    assert len(detail.instances) == 200
    assert detail.instances[0].connection == f"4.4.4.4:{count - 1} -> b"


def test_an_exchange_tells_who_publishes_and_where_it_leads() -> None:
    """Its edges, its types with who published them, and what it is declared to be; also the default exchange, once used."""
    story = used()
    assert story.answers().exchange_detail("/", "") is None
    story.publish(SENDER, "", "work", ("work",))
    answers = story.answers()
    orders, default = answers.exchange_detail("/", "orders"), answers.exchange_detail("/", "")
    assert orders is not None
    assert default is not None

    assert (orders.row.type, orders.row.alternate, orders.row.messages) == ("topic", "lost", 3)
    assert {edge.kind for edge in orders.edges} == {"publish", "binding", "alternate"}
    assert [(t.type, t.place) for t in orders.types] == [
        ("placed", "service:Sender"),
        ("paid", "service:Sender"),
    ]
    assert (default.row.declared, default.row.type, default.row.messages) == (True, None, 1)
    assert [row.name for row in answers.exchanges()] == ["", "dlx", "lost", "orders"]


def test_a_queue_tells_who_publishes_and_who_consumes() -> None:
    """Publishers through their exchange, consumers as told, types in and out, and the policy in force."""
    story = used()
    story.tell(PolicySet("/", "all", ".*", "queues", 0, {"max-length": 5}, "event"))
    story.tell(
        QueueDeclared("/", "work", "classic", True, False, False, {}, {"max-length": 5}, "event")
    )
    found = story.answers().queue_detail("/", "work")
    assert found is not None

    (publisher,), (consumer,) = found.publishers, found.consumers
    assert (publisher.service, publisher.exchange) == ("service:Sender", "exchange:/:orders")
    assert (publisher.types, publisher.messages) == (("paid", "placed"), 3)
    assert (consumer.service, consumer.connection) == ("service:Worker", WORKER)
    assert {t.place for t in found.outputs} == {"service:Worker"}
    assert found.policy == {"max-length": 5}
    assert story.answers().queue_detail("/", "none") is None
