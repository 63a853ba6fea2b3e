"""What a message document in Elasticsearch says of its copies together: who was given it from where, where it died."""

from events.values import Text
from store.documents import Attempt, Copy, DeadLetter, MessageDocument, Party
from store.elastic.index_document import source
from store.elastic.index_fields import ARROW, FLOW_DIED, FLOW_GIVEN
from tests.contract.documents import NOW, message


def given(queue: Text, *services: str | None, died: DeadLetter | None = None) -> Copy:
    """Return a copy in *queue* that was given to *services*."""
    attempts = tuple(
        Attempt(NOW, redelivered=False, consumer=Party(service=each)) for each in services
    )
    return Copy(queue, "routed", "delivered", attempts, died)


def ways(document: MessageDocument, field: str) -> list[list[str]]:
    """Return the ways of a field, each as its stops."""
    told = source(document, None).get(field, [])
    values = told if isinstance(told, list) else [told]
    return [str(each).split(ARROW) for each in values]


def test_each_queue_is_told_with_those_it_gave_to() -> None:
    """Of a message in two queues each is told with its own consumer, once however often, and no other."""
    document = message(1, copies=(given("labels", "ml", "ml"), given("models", "modeler", None)))

    assert ways(document, FLOW_GIVEN) == [["labels", "ml"], ["models", "modeler"]]
    assert ways(document, FLOW_DIED) == []


def test_each_death_is_told_with_its_queue_and_where_it_led() -> None:
    """A death that led into two queues is two ways; one that led nowhere has no last stop."""
    copies = (
        given("work", died=DeadLetter("rejected", to_queues=("parked", "audit"))),
        given("late", died=DeadLetter("expired")),
    )

    assert ways(message(1, copies=copies), FLOW_DIED) == [
        ["work", "rejected", "parked"],
        ["work", "rejected", "audit"],
        ["late", "expired", ""],
    ]


def test_an_arrow_in_a_name_does_not_make_a_stop() -> None:
    """Names with arrows, and names that are no text, keep the number of stops."""
    document = message(1, copies=(given("a → b", "x→y"), given(b"\xff", "z")))

    assert ways(document, FLOW_GIVEN) == [["a -> b", "x->y"], ["\\xff", "z"]]
