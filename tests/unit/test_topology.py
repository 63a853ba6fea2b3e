"""The topology view: nodes, edges, services and relationships of small stories."""

import pytest

from events.facts import BindingDeleted, ExchangeDeleted, QueueDeleted, VhostDeleted
from projector.answers import Edge, Node, Relationship
from projector.linker.model import Endpoint
from projector.projection import Projection
from projector.views.ends import CLOSED_MAX, NEWEST_KEPT, Ends
from projector.views.flows import ROWS_MAX, pattern
from store.documents import Party
from tests.support.story import START_NS, Story

UPLOADER, NORMALIZER, MODELER = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b", "3.3.3.3:3 -> b"


def pipeline() -> Story:
    """Two services and a queue between them, declared and named."""
    story = Story()
    story.exchange("images")
    story.queue("normalize")
    story.bind("images", "normalize", "image.#")
    story.connect(UPLOADER, "Image Uploader")
    story.connect(NORMALIZER, "Image Normalizer")
    story.consume(NORMALIZER, "normalize")
    return story


def edges(story: Story) -> dict[tuple[str, str, str], Edge]:
    return {(edge.from_, edge.to, edge.kind): edge for edge in story.answers().topology().edges}


def nodes(story: Story) -> dict[str, Node]:
    return {node.id: node for node in story.answers().topology().nodes}


def test_a_message_counts_on_every_edge_it_took() -> None:
    """Publish, binding and delivery each count the message, on declared edges where there are some."""
    story = pipeline()
    for _ in range(3):
        told = story.publish(UPLOADER, "images", "image.new", ("normalize",), type="image")
        story.deliver(told, "normalize", NORMALIZER)
    found = edges(story)
    publish = found["service:Image Uploader", "exchange:/:images", "publish"]
    binding = found["exchange:/:images", "queue:/:normalize", "binding"]
    deliver = found["queue:/:normalize", "service:Image Normalizer", "deliver"]

    assert [edge.messages for edge in (publish, binding, deliver)] == [3, 3, 3]
    assert [edge.declared for edge in (publish, binding, deliver)] == [False, True, True]
    assert all(edge.observed for edge in (publish, binding, deliver))
    assert binding.binding_keys == ("image.#",)


def test_what_is_declared_and_unused_is_shown_so() -> None:
    """Edges without traffic are declared, not observed."""
    found = edges(pipeline())

    assert set(found) == {
        ("exchange:/:images", "queue:/:normalize", "binding"),
        ("queue:/:normalize", "service:Image Normalizer", "deliver"),
    }
    assert not any(edge.observed or edge.messages for edge in found.values())


def test_services_and_relationships() -> None:
    """The two tables tell types by service, and pairs by delivered message."""
    story = pipeline()
    for kind in ("image", "image", "thumbnail"):
        told = story.publish(UPLOADER, "images", "image.new", ("normalize",), type=kind)
        story.deliver(told, "normalize", NORMALIZER)
    answers = story.answers()
    table = {row.name: (row.input_types, row.output_types) for row in answers.services()}
    pairs = [(r.publisher, r.subscriber, r.types, r.messages) for r in answers.relationships()]

    assert table == {
        "Image Uploader": ((), ("image", "thumbnail")),
        "Image Normalizer": (("image", "thumbnail"), ()),
    }
    assert pairs == [("Image Uploader", "Image Normalizer", ("image", "thumbnail"), 3)]


def test_a_routing_key_stands_for_a_missing_type() -> None:
    """Where no type is set, the routing key tells messages apart."""
    story = pipeline()
    story.publish(UPLOADER, "images", "image.new", ("normalize",))

    assert story.answers().services()[0].output_types == ("image.new",)


def test_a_redelivery_is_no_new_message() -> None:
    """A message given to the same service again counts once for the relationship, twice as consumed."""
    story = pipeline()
    told = story.publish(UPLOADER, "images", "k", ("normalize",))
    story.deliver(told, "normalize", NORMALIZER)
    story.deliver(told, "normalize", NORMALIZER, redelivered=True)
    answers = story.answers()

    assert [row.messages for row in answers.relationships()] == [1]
    assert {row.name: row.consumed for row in answers.services()}["Image Normalizer"] == 2


def test_a_message_given_to_another_service_counts_there_too() -> None:
    """A message redelivered to a second service is a delivery between the publisher and that one as well."""
    story = pipeline()
    story.connect(MODELER, "Modeler")
    told = story.publish(UPLOADER, "images", "k", ("normalize",))
    story.deliver(told, "normalize", NORMALIZER)
    story.deliver(told, "normalize", MODELER, redelivered=True)

    assert {(r.subscriber, r.messages) for r in story.answers().relationships()} == {
        ("Image Normalizer", 1),
        ("Modeler", 1),
    }


def test_a_retry_loop_is_one_message_for_the_relationship() -> None:
    """A message that comes back to its queue through dead-lettering was given to the service once."""
    story = pipeline()
    story.queue("retry", dead_letter_exchange="", dead_letter_routing_key="normalize")
    told = story.publish(UPLOADER, "images", "k", ("normalize",))
    story.deliver(told, "normalize", NORMALIZER)
    told = story.die(told, "normalize", "rejected", "", routing_key="retry", seen=False)
    told = story.die(told, "retry", "expired", "", routing_key="normalize", seen=False)
    story.deliver(told, "normalize", NORMALIZER)
    found = edges(story)

    assert [r.messages for r in story.answers().relationships()] == [1]
    assert found["queue:/:normalize", "queue:/:retry", "dead-letter"].messages == 1
    assert found["queue:/:retry", "queue:/:normalize", "dead-letter"].messages == 1


def test_a_late_name_takes_over_what_was_counted_before() -> None:
    """What an unnamed connection published and consumed counts for its service once the name is known."""
    story = Story()
    told = story.publish(UPLOADER, "images", "k", ("normalize",), type="image")
    story.deliver(told, "normalize", NORMALIZER)
    story.connect(UPLOADER, "Image Uploader")
    story.connect(NORMALIZER, "Image Normalizer")
    told = story.publish(UPLOADER, "images", "k", ("normalize",), type="image")
    story.deliver(told, "normalize", NORMALIZER)

    assert story.answers().relationships() == [
        Relationship("Image Uploader", "Image Normalizer", ("image",), 2, story.at)
    ]


def test_a_name_that_comes_after_the_close_still_counts() -> None:
    """A short connection whose name is told last is named all the same."""
    story = Story()
    story.connect(UPLOADER, None)
    story.publish(UPLOADER, "images", "k")
    story.close(UPLOADER)
    story.connect(UPLOADER, "Image Uploader")

    assert [row.name for row in story.answers().services()] == ["Image Uploader"]


def test_many_short_connections_stay_few_rows() -> None:
    """A hundred thousand connections of one service leave rows of the recent ones and one for the rest."""
    ends, moved = Ends(), {}
    for number in range(100_000):
        end = Endpoint(
            number, "n", f"c{number}", "/", "u", Party(service="batch", confidence=0.3), 1
        )
        assert ends.slot(end, number) == number * 2
        end.closed_at = number
        ends.close(end, number)
        moved = ends.settled() or moved

    assert len(ends.ends) == len(ends.slots) < 2 * CLOSED_MAX + 1
    assert ends.names["batch"].connections > 97_000
    assert set(moved.values()) == {1}


def test_a_final_name_needs_no_slot_of_its_own() -> None:
    """Connections that name themselves share one slot from the start."""
    ends = Ends()
    slots = {
        ends.slot(Endpoint(n, "n", f"c{n}", "/", "u", Party(service="s", confidence=0.95), 1), 1)
        for n in range(50)
    }

    assert slots == {1}


def test_unnamed_connections_share_slots_when_there_are_too_many() -> None:
    """Only the newest connections are followed one by one once rows run out."""
    ends = Ends()
    for number in range(1_000):
        ends.meet(Endpoint(number, "n", f"c{number}", "/", "u", Party(service="s"), 1), 1)
    moved = ends.merged()

    assert len(moved) == 1_000 - NEWEST_KEPT
    assert len(set(ends.slots.values())) == NEWEST_KEPT + 1


def test_rows_are_bounded() -> None:
    """Routing keys without end make the rows coarser, and no message is lost from the counts."""
    story = Story()
    story.connect(UPLOADER, "Image Uploader")
    for number in range(60):
        story.publish(UPLOADER, "images", f"k{number}", ("normalize",))
    projection = Projection("main")
    projection.topology.state.flows.published_max = 20
    flows = projection.topology.state.flows
    projection.fold.fold(story.envelopes)
    flows.published_max = 20
    flows.bound()

    assert sum(row[0] for row in flows.published.values()) == 60
    assert flows.published_max == ROWS_MAX


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("orders", "orders"),
        ("amq.gen-Xa09aZ", "amq.gen-*"),
        ("amq.rabbitmq.reply-to.g1h2AAMa", "amq.rabbitmq.reply-to*"),
        ("reply-6f1ad0a1-93d1-4c64-9d3a-6a6f7f0b7a11", "reply-*"),
        (b"\xff", b"\xff"),
    ],
)
def test_made_up_names_belong_to_a_family(name: str, family: str) -> None:
    """Names that brokers and clients make up are recognised."""
    assert pattern(name) == family


def test_the_way_through_bound_exchanges_is_found() -> None:
    """A message routed through an exchange binding counts on both bindings, not on an edge of its own."""
    story = pipeline()
    story.exchange("entry", "fanout")
    story.bind("entry", "images", kind="exchange")
    story.publish(UPLOADER, "entry", "image.x", ("normalize",))
    found = edges(story)

    assert found["exchange:/:entry", "exchange:/:images", "exchange-binding"].messages == 1
    assert found["exchange:/:images", "queue:/:normalize", "binding"].messages == 1
    assert ("exchange:/:entry", "queue:/:normalize", "binding") not in found


def test_the_way_through_an_alternate_exchange_is_found() -> None:
    """What no binding took and the alternate exchange routed counts there."""
    story = pipeline()
    story.exchange("entry", "direct", alternate_exchange="images")
    story.publish(UPLOADER, "entry", "x", ("normalize",))
    found = edges(story)

    assert found["exchange:/:entry", "exchange:/:images", "alternate"].messages == 1
    assert found["exchange:/:entry", "exchange:/:images", "alternate"].declared


def test_the_default_exchange_has_no_name() -> None:
    """Publishing to a queue goes through the exchange named "", bound to the queue by nature."""
    story = pipeline()
    story.publish(UPLOADER, "", "normalize", ("normalize",))
    binding = edges(story)["exchange:/:", "queue:/:normalize", "binding"]

    assert binding.declared
    assert binding.observed
    assert nodes(story)["exchange:/:"].name == ""


def test_dead_letters_go_to_their_exchange_and_on() -> None:
    """A dead letter counts from queue to exchange with its reason, and on the binding behind it."""
    story = pipeline()
    story.exchange("dlx", "fanout")
    story.queue("dead")
    story.bind("dlx", "dead")
    story.queue("work", dead_letter_exchange="dlx")
    told = story.publish(UPLOADER, "", "work", ("work",))
    story.deliver(told, "work", NORMALIZER)
    story.die(told, "work", "rejected", "dlx")
    found = edges(story)
    death = found["queue:/:work", "exchange:/:dlx", "dead-letter"]

    assert (death.declared, death.observed, death.messages, death.reason) == (
        True,
        True,
        1,
        "rejected",
    )
    assert found["exchange:/:dlx", "queue:/:dead", "binding"].messages == 1


def test_deletion_takes_what_was_declared() -> None:
    """Deleted objects are no longer declared; unused they are no longer shown."""
    story = pipeline()
    story.tell(BindingDeleted("/", "images", "normalize", "queue", "image.#", {}, "event"))
    assert ("exchange:/:images", "queue:/:normalize", "binding") not in edges(story)
    story.tell(ExchangeDeleted("/", "images", "event"))
    story.tell(QueueDeleted("/", "normalize", "event"))

    assert not story.answers().topology().nodes


def test_a_deleted_vhost_takes_all_with_it() -> None:
    """Nothing of a deleted vhost stays declared."""
    story = pipeline()
    story.tell(VhostDeleted("/", "event"))

    assert not story.answers().topology().nodes


def test_rates_are_of_the_last_minute_of_observed_time() -> None:
    """A rate counts what passed lately, and is nothing after a quiet while."""
    story = pipeline()
    for _ in range(60):
        story.publish(UPLOADER, "images", "k", ("normalize",))
    edge = edges(story)["service:Image Uploader", "exchange:/:images", "publish"]
    story.wait(600)
    story.exchange("other")
    quiet = edges(story)["service:Image Uploader", "exchange:/:images", "publish"]

    assert edge.rate_per_s == pytest.approx(1.0, abs=0.1)
    assert quiet.rate_per_s == 0.0


def test_first_and_last_seen() -> None:
    """A node tells when it was first and last seen, by observed time."""
    story = pipeline()
    story.publish(UPLOADER, "images", "k", ("normalize",))
    first = story.at
    story.wait(100)
    story.publish(UPLOADER, "images", "k", ("normalize",))
    found = nodes(story)

    assert (
        found["service:Image Uploader"].first_seen,
        found["service:Image Uploader"].last_seen,
    ) == (
        first,
        story.at,
    )
    assert found["exchange:/:images"].first_seen == START_NS + 10**9


def test_names_that_are_not_utf8_have_ids_of_their_own() -> None:
    """Bytes, percent signs and colons give distinct ids."""
    story = Story()
    names = (b"\xff", "%FF", "a:b", "a%3Ab")
    for name in names:
        story.queue(name)  # type: ignore[arg-type]

    assert len(nodes(story)) == len(names)
