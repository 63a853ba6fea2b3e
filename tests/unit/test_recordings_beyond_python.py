"""What is read from the recorded traffic of frameworks for Node, the JVM and PHP, against what their applications know."""

import pytest

from projector.linker.dialects import DIALECTS, Dialects
from projector.linker.dialects.reading import What
from store.documents import MessageDocument
from tests.support.recording import Recording

SURE = 0.8
LINKS_AT_LEAST = {
    "amqplib_otel": 24,
    "bunny": 5,
    "go_client": 10,
    "java_client": 15,
    "java_datadog": 20,
    "java_elastic": 20,
    "java_otel": 20,
    "lapin": 10,
    "nestjs": 10,
    "rascal": 4,
    "spring_amqp": 17,
    "spring_cloud_stream": 6,
    "symfony": 3,
}
"""How many true parents are concluded with confidence; the rest has no ids, and is left open rather than guessed."""


@pytest.fixture(scope="module", params=sorted(LINKS_AT_LEAST))
def recording(request: pytest.FixtureRequest) -> Recording:
    return Recording.load(request.param)


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, MessageDocument]]:
    return {name: Recording.load(name).documents() for name in LINKS_AT_LEAST}


def test_everything_the_applications_sent_was_captured(recording: Recording) -> None:
    """A recording is whole: each message told of is in it, and nothing could not be decoded."""
    assert recording.truth
    assert recording.missing() == []


def test_confident_links_are_true(recording: Recording) -> None:
    """Of the parents concluded with confidence none is wrong, and where ids are written none is missing."""
    links = recording.links()
    sure = [link for link in links if link.confidence >= SURE]

    assert [link for link in sure if link.found != link.true] == []
    assert len(sure) >= LINKS_AT_LEAST[recording.name]


def test_a_beginning_has_no_parent(recording: Recording) -> None:
    """What an application sent on its own is linked to nothing, be it with little confidence."""
    assert [link for link in recording.links() if link.true is None and link.found] == []


@pytest.mark.parametrize(
    ("name", "marker", "framework", "message_type", "evidence"),
    [
        ("amqplib_otel", "order-1", None, "OrderPlaced", "type"),
        ("java_client", "order-1", None, "order.placed", "type"),
        ("nestjs", "order-1", "NestJS", "order.place", "NestJS pattern"),
        ("nestjs", "order-1/reserve", "NestJS", '{"cmd":"reserve"}', "NestJS pattern"),
        ("nestjs", "order-1/answer", "NestJS", None, None),
        ("rascal", "order-1", None, None, None),
        ("rascal", "order-2#2", "Rascal", None, None),
        ("spring_amqp", "order-1", "Spring AMQP", "shop.Shop$Order", "__TypeId__"),
        ("spring_cloud_stream", "order-1", "Spring Cloud Stream", None, None),
        ("symfony", "order-1", "Symfony Messenger", "Shop\\OrderPlaced", "Symfony type"),
    ],
)
def test_framework_and_type_are_recognised(
    documents: dict[str, dict[str, MessageDocument]],
    name: str,
    marker: str,
    framework: str | None,
    message_type: str | None,
    evidence: str | None,
) -> None:
    """The framework is named where it left a sign, and the type with the evidence it rests on."""
    told = documents[name][marker]

    assert told.framework == framework
    assert (told.message_type, told.message_type_evidence) == (message_type, evidence)


@pytest.mark.parametrize(
    ("name", "marker", "error", "retries"),
    [
        ("nestjs", "order-3/reserve/answer", "sold out ~order-3/reserve/answer~", None),
        ("nestjs", "order-3/answer", None, None),
        ("rascal", "order-2#2", "no such address", 1),
        ("rascal", "order-3#4", "no such address", 2),
        ("spring_amqp", "order-4/invoice", None, None),
        ("spring_amqp", "order-4/invoice#2", "no such address", None),
        ("spring_cloud_stream", "order-4/invoice", None, None),
        ("spring_cloud_stream", "order-4/invoice#2", "no such address", 1),
        ("symfony", "order-2.invoice", None, None),
        ("symfony", "order-2.invoice#2", "no such address", 1),
        ("symfony", "order-3.invoice#3", "no such address", 2),
        ("symfony", "order-3.invoice#4", "no such address", 2),
    ],
)
def test_failures_tell_why_and_how_often(
    documents: dict[str, dict[str, MessageDocument]],
    name: str,
    marker: str,
    error: str | None,
    retries: int | None,
) -> None:
    """What a framework publishes again because of a failure bears the error and its count of retries."""
    told = documents[name][marker]

    assert (told.error, told.framework_retries) == (error, retries)


@pytest.mark.parametrize(
    ("name", "services"),
    [
        ("amqplib_otel", {"shop", "billing", "tax", "shipping"}),
        ("java_client", {"shop", "billing", "shipping"}),
        ("nestjs", {"web", "orders", "stock"}),
        ("rascal", {"web", "billing", "desk"}),
        ("spring_amqp", {"billing"}),
        ("spring_cloud_stream", {"web", "billing", "shipping", "complaints"}),
        ("symfony", {"billing"}),
    ],
)
def test_services_that_tell_their_names_have_them(name: str, services: set[str]) -> None:
    """Whatever a named service published is its own, and none of it another's."""
    recording = Recording.load(name)
    told = recording.documents()
    truth = {each.sent: each.service for each in recording.truth}
    found = {marker: told[marker].publisher.service for marker in truth if told[marker].publisher}

    for marker, service in truth.items():
        assert (found[marker] == service) == (service in services), marker
    assert services <= set(found.values())


@pytest.mark.parametrize(
    ("name", "evidence"),
    [
        ("amqplib_otel", {"traceparent"}),
        ("java_otel", {"b3", "traceparent", "uber-trace-id"}),
        ("java_elastic", {"elastic-apm-traceparent", "traceparent"}),
        ("java_datadog", {"x-datadog-trace-id"}),
        ("spring_amqp", {"traceparent"}),
    ],
)
def test_every_way_to_write_a_trace_is_read(name: str, evidence: set[str]) -> None:
    """All headers of one message name one trace; what a handler sent on is in the trace of what it was given."""
    dialects = Dialects()
    recording = Recording.load(name)
    traces: dict[str, set[str]] = {}
    found: set[str] = set()
    for marker, document in recording.documents().items():
        for what, told_by, value in dialects.read(document.headers):
            if what is What.TRACE:
                found.add(told_by)
                traces.setdefault(marker, set()).add(value)

    assert found == evidence
    assert {len(values) for values in traces.values()} == {1}
    for each in recording.truth:
        is_reply = each.sent.endswith("/answer")
        if each.cause in traces and each.sent in traces and not is_reply:
            assert traces[each.sent] == traces[each.cause], each.sent


def test_a_dialect_says_which_recordings_it_was_checked_against() -> None:
    """Each framework recorded here is named by the dialect that reads it; plain clients speak none."""
    said = {name for dialect in DIALECTS for name in dialect.recorded}

    assert set(LINKS_AT_LEAST) - {"bunny", "go_client", "java_client", "lapin"} <= said
